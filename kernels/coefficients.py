"""Prints the polynomial coefficients of normals.ts and src/random/normals.ts (needs mpmath).

Each polynomial interpolates its function at Chebyshev nodes, weighted to keep the leading coefficient exact,
in 60 digits; the largest relative error over the interval is printed beside it.
"""
from mpmath import mp, mpf, cos, sin, pi, log, sqrt, matrix, lu_solve, mpmathify

mp.dps = 60


def fit(g, b, degree):
    """Polynomial of the given degree through g at Chebyshev nodes of (0, b]."""
    n = degree + 1
    nodes = [b / 2 * (1 + cos(pi * (2 * i + 1) / (2 * n))) for i in range(n)]
    system = matrix(n, n)
    for i, x in enumerate(nodes):
        for j in range(n):
            system[i, j] = x**j
    return list(lu_solve(system, matrix([g(x) for x in nodes])))


def report(name, g, leading, b, degree):
    """g(y) = leading + y * p(y); prints leading and p."""
    p = fit(lambda y: (g(y) - leading) / y, b, degree)
    worst = max(abs((leading + y * sum(c * y**j for j, c in enumerate(p))) / g(y) - 1) for y in [b * mpf(i) / 997 for i in range(1, 998)])
    print(f"{name}: leading {float(leading)!r}, error {mp.nstr(worst, 3)}")
    for c in p:
        print("   ", repr(float(c)))


half = pi / 2
sine = lambda y: sin(half * sqrt(y)) / sqrt(y)
cosine = lambda y: cos(half * sqrt(y))
logarithm = lambda y: -2 * log((1 + sqrt(y)) / (1 - sqrt(y))) / sqrt(y)
s2 = ((sqrt(2) - 1) / (sqrt(2) + 1)) ** 2
quarter = mpf(1) / 4
for bits, (ds, dc, dl) in {"f64": (5, 6, 6), "f32": (2, 3, 2)}.items():
    report(f"{bits} sin(pi/2 t)/t in t^2", sine, half, quarter, ds)
    report(f"{bits} cos(pi/2 t) in t^2", cosine, mpf(1), quarter, dc)
    report(f"{bits} -2 log((1+s)/(1-s))/s in s^2", logarithm, mpf(-4), s2, dl)
ln2 = log(mpf(2))
for bits in (14, 32):
    high = -2 * mpf(int(ln2 * 2**bits)) / mpf(2**bits)
    print(f"-2 ln2 to {bits} bits, rest:", repr(float(high)), repr(float(-2 * ln2 - high)))
