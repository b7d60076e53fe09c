"""The PyTorch side of training-lora.ts: LoRA steps by transformers, PEFT and torch.optim.AdamW on the same numbers.

Reads numbers of steps on stdin and answers each with a JSON line {"losses", "milliseconds", "peakMiB"}: CPU time of the
process with one thread, wall time with more. The adapter goes on training from line to line.
"""

import json
import math
import re
import sys
import time

import numpy as np
import peft
import torch
import torch.nn.functional as F
from transformers import GPT2Config, GPT2LMHeadModel

settings = json.loads(sys.argv[1])
ROWS, LENGTH, PROMPT = (settings[k] for k in ("rows", "length", "prompt"))
torch.set_num_threads(settings["threads"])


def mixed(count, seed):
    """The 32-bit hash of training-lora.ts."""
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
        h ^= h >> np.uint32(15)
        h *= np.uint32(0x85EBCA77)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE3D)
        h ^= h >> np.uint32(16)
    return h


def uniform(shape, seed, bound):
    values = ((mixed(math.prod(shape), seed) / 2**32 * 2 - 1) * bound).astype(np.float32)
    return torch.from_numpy(values.reshape(shape))


def build():
    config = GPT2Config(
        vocab_size=settings["vocabSize"], n_positions=settings["maximumPositions"], n_embd=settings["hiddenSize"],
        n_layer=settings["layers"], n_head=settings["heads"], resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
    )
    model = GPT2LMHeadModel(config)
    own = dict(model.named_parameters())
    with torch.no_grad():
        for seed, (name, shape) in enumerate(settings["shapes"]):
            if name.endswith(".bias"):
                own[name].zero_()
            elif len(shape) == 1:
                own[name].fill_(1)
            else:
                values = uniform(shape, seed, 0.035)
                conv1d = re.search(r"\.c_(attn|proj|fc)\.weight$", name)
                own[name].copy_(values.T if conv1d else values)
    lora = settings["lora"]
    adapted = peft.get_peft_model(
        model,
        peft.LoraConfig(r=lora["rank"], lora_alpha=lora["alpha"], target_modules=lora["targets"], fan_in_fan_out=True,
                        lora_dropout=0.0, task_type="CAUSAL_LM"),
    )
    trained = {name.replace(".default", ""): p for name, p in adapted.named_parameters() if p.requires_grad}
    assert set(trained) == {name for name, _ in settings["adapter"]}
    with torch.no_grad():
        for i, (name, shape) in enumerate(settings["adapter"]):
            if "lora_A" in name:
                trained[name].copy_(uniform(shape, 5000 + i, 1 / math.sqrt(shape[1])))
    return adapted, list(trained.values())


model, trained = build()
tokens = torch.from_numpy((mixed(ROWS * LENGTH, 1000) % settings["vocabSize"]).astype(np.int64).reshape(ROWS, LENGTH))
labels = tokens.clone()
labels[:, :PROMPT] = -100
reference = torch.tensor(settings["references"])
optimiser = torch.optim.AdamW(trained, lr=settings["rate"], weight_decay=0.01)


def sft():
    return model(input_ids=tokens, labels=labels, use_cache=False).loss


def dpo():
    """As TRL does it: log-probabilities of the labels from the logits of a batch [chosen, rejected]."""
    logits = model(input_ids=tokens, use_cache=False).logits[:, :-1]
    chosen = torch.gather(logits, 2, tokens[:, 1:, None])[..., 0]
    per_token = chosen - torch.stack([torch.logsumexp(row, dim=-1) for row in logits])
    gains = per_token[:, PROMPT - 1 :].sum(-1) - reference
    margin = settings["beta"] * (gains[: ROWS // 2] - gains[ROWS // 2 :])
    return -F.logsigmoid(margin).mean()


loss_of = {"sft": sft, "dpo": dpo}[settings["method"]]


def step():
    optimiser.zero_grad(set_to_none=True)
    loss = loss_of()
    loss.backward()
    optimiser.step()
    return loss.item()


def peak():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s*(\d+)", status.read())[1]) / 1024


print(json.dumps({"version": torch.__version__}), flush=True)
clock = time.process_time if settings["threads"] == 1 else time.perf_counter
for line in sys.stdin:
    losses, milliseconds = [], []
    for _ in range(int(line)):
        start = clock()
        losses.append(step())
        milliseconds.append((clock() - start) * 1000)
    print(json.dumps({"losses": losses, "milliseconds": milliseconds, "peakMiB": peak()}), flush=True)
