"""Makes test/fixtures/chat-templates.json: chat templates in the styles that models ship, rendered by transformers."""

import json
from pathlib import Path

from transformers import AutoTokenizer

FIXTURES = Path(__file__).resolve().parent.parent / "test" / "fixtures"
TEMPLATES = {
    "chatml": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou help.<|im_end|>\\n' }}{% endif %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}""",
    "headers": """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|system|>" + "Today: " ~ date_string ~ "\\n" + system_message + eos_token }}
{%- for message in messages %}
    {{- '<|' + message['role'] + '|>\\n\\n'+ message['content'] | trim + eos_token }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|assistant|>\\n\\n' }}
{%- endif %}""",
    "thinking": """{%- if tools %}
    {{- 'tools' }}
{%- else %}
    {%- if messages[0].role == 'system' %}
        {{- '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- if '</think>' in content %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "lines": """{# indented, trimmed and stripped #}
{% if messages[0]['role'] == 'system' %}
    {% set loop_messages = messages[1:] %}
    {% set system = messages[0]['content'].strip() + '\\n\\n' %}
{% else %}
    {% set loop_messages = messages %}
    {% set system = '' %}
{% endif %}
{% for message in loop_messages %}
    {% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{ raise_exception('Roles must alternate') }}
    {% endif %}
    {{ system if loop.first else '' }}[{{ message['role'] | upper }}]  {% if loop.last %} last {% else %} more {% endif %}
  {{ message['content'] }}
{% endfor %}
end
""",
}
CONVERSATIONS = [
    [{"role": "user", "content": "  Thank Ana for the report. \n"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "I'll say <|end|> as it's text"}],
    [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "<think>hm</think>\n\nHello!"},
        {"role": "user", "content": "Again"},
    ],
]


def main():
    tokenizer = AutoTokenizer.from_pretrained(FIXTURES / "llama" / "tokenizer")
    cases = []
    for name, template in TEMPLATES.items():
        rendered = [
            tokenizer.apply_chat_template(c, chat_template=template, add_generation_prompt=True, tokenize=False)
            for c in CONVERSATIONS
        ]
        cases.append({"name": name, "template": template, "rendered": rendered})
    text = json.dumps({"conversations": CONVERSATIONS, "cases": cases}, ensure_ascii=False, indent=1)
    (FIXTURES / "chat-templates.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
