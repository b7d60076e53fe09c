"""The PyTorch side of training-step.ts: the same GPT-2 training step, eager, one process that obeys lines on stdin.

Reads "THREADS STEPS" lines and answers each with a JSON line {"losses": [...], "milliseconds": [...]}: CPU time
of the process with one thread, wall time with more. The model goes on training from line to line.
"""

import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F

config = json.loads(sys.argv[1])
V, T, D, LAYERS, HEADS, B = (config[k] for k in ("vocabSize", "maximumPositions", "hiddenSize", "layers", "heads", "batch"))


def mixed(count, seed):
    """The 32-bit hash of training-step.ts."""
    with np.errstate(over="ignore"):
        h = np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B1) + np.uint32(seed)
        h ^= h >> np.uint32(15)
        h *= np.uint32(0x85EBCA77)
        h ^= h >> np.uint32(13)
        h *= np.uint32(0xC2B2AE3D)
        h ^= h >> np.uint32(16)
    return h


parameters = {}
for seed, (name, shape) in enumerate(config["shapes"]):
    count = math.prod(shape)
    if name.endswith(".bias"):
        values = np.zeros(count, dtype=np.float32)
    elif len(shape) == 1:
        values = np.ones(count, dtype=np.float32)
    else:
        values = ((mixed(count, seed) / 2**32 * 2 - 1) * 0.035).astype(np.float32)
    parameters[name] = torch.nn.Parameter(torch.from_numpy(values.reshape(shape)))

tokens = torch.from_numpy((mixed(B * (T + 1), 1000) % V).astype(np.int64).reshape(B, T + 1))
inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()


def forward():
    w = parameters
    x = F.embedding(inputs, w["transformer.wte.weight"]) + w["transformer.wpe.weight"][:T]
    for i in range(LAYERS):
        p = f"transformer.h.{i}."
        h = F.layer_norm(x, (D,), w[p + "ln_1.weight"], w[p + "ln_1.bias"])
        q, k, v = (h @ w[p + "attn.c_attn.weight"].T + w[p + "attn.c_attn.bias"]).split(D, dim=-1)
        q, k, v = (t.view(B, T, HEADS, D // HEADS).transpose(1, 2) for t in (q, k, v))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        a = a.transpose(1, 2).reshape(B, T, D)
        x = x + torch.addmm(w[p + "attn.c_proj.bias"], a.view(-1, D), w[p + "attn.c_proj.weight"].T).view(B, T, D)
        h = F.layer_norm(x, (D,), w[p + "ln_2.weight"], w[p + "ln_2.bias"])
        h = torch.addmm(w[p + "mlp.c_fc.bias"], h.view(-1, D), w[p + "mlp.c_fc.weight"].T)
        h = F.gelu(h, approximate="tanh")
        x = x + torch.addmm(w[p + "mlp.c_proj.bias"], h, w[p + "mlp.c_proj.weight"].T).view(B, T, D)
    x = F.layer_norm(x, (D,), w["transformer.ln_f.weight"], w["transformer.ln_f.bias"])
    logits = x.view(-1, D) @ w["transformer.wte.weight"].t()
    return F.cross_entropy(logits, targets.view(-1))


# PyTorch decays every parameter by default, as fpx does.
optimiser = torch.optim.AdamW(parameters.values(), lr=config["rate"], weight_decay=0.01)


def step():
    optimiser.zero_grad(set_to_none=True)
    loss = forward()
    loss.backward()
    optimiser.step()
    return loss.item()


print(json.dumps({"version": torch.__version__}), flush=True)
for line in sys.stdin:
    threads, steps = map(int, line.split())
    torch.set_num_threads(threads)
    clock = time.process_time if threads == 1 else time.perf_counter
    losses, milliseconds = [], []
    for _ in range(steps):
        start = clock()
        losses.append(step())
        milliseconds.append((clock() - start) * 1000)
    print(json.dumps({"losses": losses, "milliseconds": milliseconds}), flush=True)
