"""Makes test/fixtures/llama/trl-dpo.json: the loss that TRL's DPOTrainer computes for two pairs, with the tokens it used.

    python3 -m venv /tmp/trl && /tmp/trl/bin/pip install torch transformers peft trl
    /tmp/trl/bin/python scripts/make_trl_fixture.py

The trained policy is the fixture model `untied` with the fixture adapter, the reference is the model alone. Both sides
compute in float32; TRL tokenises, pads and adds the end token itself.
"""

import json
import tempfile
from pathlib import Path

import peft
import torch
import transformers
import trl
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer

FOLDER = Path(__file__).resolve().parent.parent / "test" / "fixtures" / "llama"
BETA, WEIGHT = 0.1, 0.3
PAIRS = {
    "prompt": ["Thank Ana for the report. ", "Decline. "],
    "chosen": ["Dear Ana, thank you.", "Sorry, we cannot come on Friday."],
    "rejected": ["Thanks for it, Ana, it was most useful to us.", "No."],
}


def load():
    return AutoModelForCausalLM.from_pretrained(FOLDER / "untied", dtype=torch.float32)


def main():
    tokenizer = AutoTokenizer.from_pretrained(FOLDER / "untied")
    policy = peft.PeftModel.from_pretrained(load(), FOLDER / "adapter").merge_and_unload()
    with tempfile.TemporaryDirectory() as folder:
        settings = trl.DPOConfig(
            output_dir=folder, beta=BETA, loss_type=["sigmoid", "sft"], loss_weights=[1.0, WEIGHT],
            per_device_train_batch_size=2, report_to=[], use_cpu=True, bf16=False, gradient_checkpointing=False,
        )
        trainer = trl.DPOTrainer(
            model=policy, ref_model=load(), args=settings, train_dataset=Dataset.from_dict(PAIRS),
            processing_class=tokenizer,
        )
        batch = trainer.data_collator([trainer.train_dataset[i] for i in range(2)])
        with torch.no_grad():
            loss = trainer.compute_loss(policy.eval(), batch)
    rows = []
    for ids, attended, completed in zip(batch["input_ids"], batch["attention_mask"], batch["completion_mask"]):
        kept = [(int(i), bool(c)) for i, a, c in zip(ids, attended, completed) if a]
        rows.append({"prompt": [i for i, c in kept if not c], "response": [i for i, c in kept if c]})
    fixture = {
        "versions": {"trl": trl.__version__, "torch": torch.__version__, "transformers": transformers.__version__},
        "dpoBeta": BETA,
        "sftWeight": WEIGHT,
        "chosen": rows[:2],
        "rejected": rows[2:],
        "loss": loss.item(),
    }
    (FOLDER / "trl-dpo.json").write_text(json.dumps(fixture) + "\n")


if __name__ == "__main__":
    main()
