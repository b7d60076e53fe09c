"""Makes the parity fixtures under test/fixtures/llama and test/fixtures/families with PyTorch, transformers and peft.

    node --import jiti/register scripts/make-fixture-tokenizer.ts
    python3 -m venv /tmp/fixtures && /tmp/fixtures/bin/pip install torch transformers peft safetensors
    /tmp/fixtures/bin/python scripts/make_fixtures.py

Models have random weights. Everything expected is computed in float64 and stored in float32.
"""

import json
import shutil
from pathlib import Path

import peft
import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GPT2Config,
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen3Config,
)

FIXTURES = Path(__file__).resolve().parent.parent / "test" / "fixtures"
FOLDER = FIXTURES / "llama"
TEXTS = [
    "Dear Ana,\n\nthank you for the report.",
    "  two  spaces, 12345 and\ttabs\n\n\n",
    "Grüße aus Köln! 你好 🙂 — naïve café",
    "I'll say <|end|> as it's text",
]
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Thank Ana for the report."},
]


def f32(tensor):
    return tensor.detach().to(torch.float32).contiguous()


def make_tokenizer_expectations():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / "tokenizer")
    backend = tokenizer.backend_tokenizer
    backend.encode_special_tokens = True  # special tokens inside a text are text
    rendered = tokenizer.apply_chat_template(MESSAGES, add_generation_prompt=True, tokenize=False)
    backend.encode_special_tokens = False
    prompt = backend.encode(rendered, add_special_tokens=False).ids
    backend.encode_special_tokens = True
    expected = {
        "texts": [{"text": t, "ids": backend.encode(t, add_special_tokens=False).ids} for t in TEXTS],
        "messages": MESSAGES,
        "prompt": prompt,
    }
    path = FOLDER / "tokenizer-expected.json"
    path.write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


def make_model(name, config, dtype, **save):
    model = LlamaForCausalLM(config)
    with torch.no_grad():  # larger weights than the usual 0.02, so that attention and logits are far from uniform
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0, 0.25)
            else:
                parameter.add_(torch.randn_like(parameter) * 0.2)
    model = model.to(dtype)
    shutil.rmtree(FOLDER / name, ignore_errors=True)
    model.save_pretrained(FOLDER / name, **save)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(FOLDER / "tokenizer" / file, FOLDER / name / file)
    # Loaded anew: a model turned to bfloat16 in memory has rotary frequencies in bfloat16 too.
    return LlamaForCausalLM.from_pretrained(FOLDER / name, dtype=torch.float64).eval()


def padded_batch(vocabulary, left):
    lengths = [9, 5]
    width = max(lengths)
    ids = torch.randint(6, vocabulary, (2, width))
    mask = torch.ones(2, width, dtype=torch.long)
    for row, length in enumerate(lengths):
        padding = slice(0, width - length) if left else slice(length, width)
        ids[row, padding] = 2
        mask[row, padding] = 0
    return ids, mask


def make_logits(name, model):
    tensors = {}
    for side, left in (("left", True), ("right", False)):
        ids, mask = padded_batch(model.config.vocab_size, left)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        with torch.no_grad():
            logits = model(input_ids=ids, attention_mask=mask, position_ids=positions).logits
        tensors |= {f"{side}.input_ids": ids, f"{side}.attention_mask": mask, f"{side}.logits": f32(logits)}
    ids, mask = tensors["left.input_ids"], tensors["left.attention_mask"]
    with torch.no_grad():
        tensors["greedy"] = model.generate(
            input_ids=ids, attention_mask=mask, max_new_tokens=24, do_sample=False, eos_token_id=None, pad_token_id=2
        )[:, ids.shape[1] :].contiguous()
    save_file(tensors, FOLDER / f"{name}-logits.safetensors")


def sequence_log_probs(model, ids, mask, response):
    """Sums of log-probabilities over the response tokens; response[i, t] marks tokens predicted from t - 1."""
    logits = model(input_ids=ids, attention_mask=mask).logits[:, :-1]
    tokens = logits.log_softmax(-1).gather(-1, ids[:, 1:, None])[..., 0]
    return (tokens * response[:, 1:]).sum(-1)


def make_objective(name, model, parameters, reference):
    """DPO on sequence sums plus weight times SFT, token mean pooled over the batch, on two pairs."""
    beta, weight = 0.1, 0.3
    lengths = {"chosen": [(4, 5), (3, 8)], "rejected": [(4, 7), (3, 2)]}
    width = 11
    tensors = {}
    sums = {}
    prompts = torch.randint(6, model.config.vocab_size, (2, 4))
    for side, shapes in lengths.items():
        ids = torch.full((2, width), 2)
        mask = torch.zeros(2, width, dtype=torch.long)
        response = torch.zeros(2, width, dtype=torch.float64)
        for row, (prompt, length) in enumerate(shapes):
            ids[row, :prompt] = prompts[row, :prompt]
            ids[row, prompt : prompt + length - 1] = torch.randint(6, model.config.vocab_size, (length - 1,))
            ids[row, prompt + length - 1] = 1
            mask[row, : prompt + length] = 1
            response[row, prompt : prompt + length] = 1
        sums[side] = sequence_log_probs(model, ids, mask, response)
        tensors |= {f"{side}.input_ids": ids, f"{side}.attention_mask": mask, f"{side}.response": f32(response)}
        tensors[f"{side}.log_probs"] = f32(sums[side])
        with torch.no_grad():
            tensors[f"{side}.reference"] = f32(reference(ids, mask, response))
    refs = {side: tensors[f"{side}.reference"].to(torch.float64) for side in lengths}
    margin = beta * ((sums["chosen"] - refs["chosen"]) - (sums["rejected"] - refs["rejected"]))
    dpo = -torch.nn.functional.logsigmoid(margin).mean()
    sft = -sums["chosen"].sum() / tensors["chosen.response"].sum()
    loss = dpo + weight * sft
    gradients = torch.autograd.grad(loss, list(parameters.values()))
    for key, gradient in zip(parameters, gradients):
        tensors[f"gradient.{key}"] = f32(gradient)
    for key, value in {"dpo": dpo, "sft": sft, "loss": loss}.items():
        tensors[key] = f32(value.reshape(1))
    save_file(tensors, FOLDER / f"{name}-objective.safetensors")


def main():
    torch.manual_seed(20261123)
    make_tokenizer_expectations()
    common = dict(
        vocab_size=288, hidden_size=16, intermediate_size=24, num_attention_heads=4, num_key_value_heads=2,
        max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )

    untied = make_model("untied", LlamaConfig(**common, num_hidden_layers=2, tie_word_embeddings=False), torch.float32)
    make_logits("untied", untied)

    rope = dict(rope_type="llama3", rope_theta=500.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
                original_max_position_embeddings=16)
    tied = make_model(
        "tied",
        LlamaConfig(**common | dict(num_key_value_heads=1), num_hidden_layers=1, head_dim=6, tie_word_embeddings=True,
                    attention_bias=True, mlp_bias=True, rms_norm_eps=1e-5, rope_parameters=rope),
        torch.bfloat16,
        max_shard_size="6KB",
    )
    make_logits("tied", tied)
    make_objective(
        "tied", tied, dict(tied.named_parameters()),
        lambda ids, mask, response: sequence_log_probs(tied, ids, mask, response) + torch.tensor([0.7, -1.9]),
    )

    config = peft.LoraConfig(r=4, lora_alpha=8, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM")
    adapted = peft.get_peft_model(untied, config)
    with torch.no_grad():
        for key, parameter in adapted.named_parameters():
            if "lora_B" in key:
                parameter.normal_(0, 0.1)
    shutil.rmtree(FOLDER / "adapter", ignore_errors=True)
    adapted.peft_config["default"].base_model_name_or_path = "untied"
    adapted.to(torch.float32).save_pretrained(FOLDER / "adapter")
    (FOLDER / "adapter" / "README.md").unlink(missing_ok=True)
    adapted = adapted.to(torch.float64).eval()
    make_logits("adapter", adapted)

    def base(ids, mask, response):
        with adapted.disable_adapter():
            return sequence_log_probs(adapted, ids, mask, response)

    lora = {k: p for k, p in adapted.named_parameters() if "lora_" in k}
    make_objective("adapter", adapted, {k.replace(".default", ""): p for k, p in lora.items()}, base)
    merged = adapted.merge_and_unload()
    weight = merged.model.layers[1].mlp.down_proj.weight
    save_file({"model.layers.1.mlp.down_proj.weight": f32(weight)}, FOLDER / "merged.safetensors")
    versions = {"torch": torch.__version__, "transformers": transformers.__version__, "peft": peft.__version__}
    for file in FOLDER.rglob("*.safetensors"):
        file.chmod(0o644)
    (FOLDER / "versions.json").write_text(json.dumps(versions, indent=1) + "\n")


def make_families():
    """A model and a peft adapter of each other family, with the logits of both on a padded batch."""
    sizes = dict(
        vocab_size=288, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, max_position_embeddings=64, bos_token_id=0, eos_token_id=1, pad_token_id=2,
    )
    gpt2 = dict(vocab_size=288, n_embd=16, n_inner=40, n_layer=2, n_head=4, n_positions=64, bos_token_id=0,
                eos_token_id=1, pad_token_id=2)
    families = {
        "qwen2": (Qwen2Config(**sizes, tie_word_embeddings=True), torch.float16, ["q_proj", "o_proj", "gate_proj"]),
        "qwen3": (Qwen3Config(**sizes, head_dim=6), torch.bfloat16, ["k_proj", "up_proj", "lm_head"]),
        "gpt2": (GPT2Config(**gpt2), torch.float32, ["c_attn", "c_proj", "c_fc"]),
    }
    for seed, (name, (config, dtype, targets)) in enumerate(families.items()):
        torch.manual_seed(20261124 + seed)
        folder = FIXTURES / "families" / name
        shutil.rmtree(folder, ignore_errors=True)
        model = AutoModelForCausalLM.from_config(config)
        with torch.no_grad():
            for parameter in model.parameters():
                noise = torch.randn_like(parameter)
                parameter.copy_(noise * 0.25 if parameter.ndim == 2 else parameter + noise * 0.2)
        model.to(dtype).save_pretrained(folder, max_shard_size="20KB")
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(FOLDER / "tokenizer" / file, folder / file)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64).eval()
        ids, mask = padded_batch(288, left=True)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)

        def logits(of):
            with torch.no_grad():
                return f32(of(input_ids=ids, attention_mask=mask, position_ids=positions).logits)

        tensors = {"input_ids": ids, "attention_mask": mask, "logits": logits(model)}
        lora = peft.LoraConfig(r=3, lora_alpha=6, target_modules=targets, task_type="CAUSAL_LM",
                               fan_in_fan_out=name == "gpt2")
        adapted = peft.get_peft_model(model, lora)
        with torch.no_grad():
            for key, parameter in adapted.named_parameters():
                if "lora_" in key:
                    parameter.copy_(torch.randn_like(parameter) * 0.2)
        adapted.peft_config["default"].base_model_name_or_path = name
        tensors["adapter.logits"] = logits(adapted)
        adapted.to(torch.float32).save_pretrained(folder / "adapter", save_embedding_layers=False)
        (folder / "adapter" / "README.md").unlink(missing_ok=True)
        save_file(tensors, folder / "expected.safetensors")
        for file in folder.rglob("*.safetensors"):
            file.chmod(0o644)


if __name__ == "__main__":
    main()
    make_families()
