#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_stats_vectors.py FILE: what SciPy says of samples, for tests/report/test_report_vectors.c.

Needs numpy==2.4.6 scipy==1.17.1 statsmodels==0.15.0, in an environment of its own; takes a minute.
"""
import json
import sys

import numpy as np
import scipy
import statsmodels
from scipy import optimize, stats
from statsmodels.stats.multitest import multipletests

QUANTILES = [0, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1]
BCA_SEEDS = 200  # runs of scipy.stats.bootstrap: the spread of its own answers is the bound


def samples():
    """Of the kinds that occur: skewed times, ties, outliers, few, one, equal, negative, large."""
    rng = np.random.default_rng(20250207)
    log_ratios = rng.normal(0.01, 0.004, 12)
    log_ratios[7] += 0.2
    return {
        "one": [3.25],
        "two": [2.0, 5.0],
        "equal": [1.5] * 9,
        "zeros": [0.0, 0.0, -1.0, 2.0, 2.0, -2.0, 3.0, 5.0, 8.0, -1.0],
        "ties": [1, 1, 2, 2, 2, 3, 4, 4, 9, 9, 9, 17],
        "log ratios": log_ratios.tolist(),
        "even about zero": rng.normal(0, 1, 10).tolist(),
        "skewed": rng.lognormal(0, 0.8, 25).tolist(),
        "exponential": rng.exponential(2, 40).tolist(),
        "heavy tails": rng.standard_t(2, 31).tolist(),
        "large": (1e12 + rng.normal(0, 1e3, 15)).tolist(),
        "uniform": rng.uniform(-5, 5, 101).tolist(),
        "few": [-40.0, 0.0, 0.9, 1.0, 7.0],
    }


# A median's acceleration is small. Of five, the least is the median of 5.8 % of resamples: on that
# step of the distribution it decides.
CONFIDENCE = {"few": 1 - 2 * 0.058}


def hodges_lehmann(x):
    """Median of Walsh averages; SciPy has none, but its signed ranks balance there: checked."""
    i, j = np.triu_indices(len(x))
    point = np.median((x[i] + x[j]) / 2)
    step = 1e-9 * max(np.ptp(x), 1e-300)

    def balance(at):
        d = x - at
        ranks = stats.rankdata(np.abs(d))
        return ranks[d > 0].sum() - ranks[d < 0].sum()

    if len(x) > 2 and np.ptp(x) > 0:
        assert balance(point - 2 * step) >= 0 >= balance(point + 2 * step)
        statistic = stats.wilcoxon(x - point, zero_method="zsplit").statistic
        assert abs(statistic - len(x) * (len(x) + 1) / 4) <= len(x)
    return point


def order_interval(x):
    ci = stats.quantile_test(x, q=np.median(x), p=0.5).confidence_interval(0.95)
    return [ci.low, ci.high] if np.isfinite([ci.low, ci.high]).all() else None


def bootstrap(x, method, confidence):
    """Mean and sd, over seeds, of both ends with 10,000 resamples."""
    ends = []
    for seed in range(BCA_SEEDS):
        ci = stats.bootstrap((x,), np.median, n_resamples=10000, confidence_level=confidence,
                             method=method, rng=np.random.default_rng(seed)).confidence_interval
        ends.append([ci.low, ci.high])
    return {"mean": np.mean(ends, axis=0).tolist(), "sd": np.std(ends, axis=0, ddof=1).tolist()}


def sign_flip(x):
    return stats.permutation_test((x,), np.mean, permutation_type="samples", n_resamples=np.inf,
                                  vectorized=True).pvalue


def signed_rank(x):
    return stats.wilcoxon(x, zero_method="pratt",
                          method=stats.PermutationMethod(n_resamples=np.inf)).pvalue


def flipped_median(x):
    """Of the sizes of x the least that middle values pass in 5 % of all ways to sign them, by the binomial; that
    SciPy's permutation test says the same of the median is checked."""
    sizes, n = np.sort(np.abs(x)), len(x)
    half = (n + 1) // 2
    limit = next(t for m, t in zip(range(n), sizes[::-1])
                 if m + 1 == n or 2 * stats.binom.sf(half - 1, m + 1, 0.5) > 0.05)
    if 2 <= n <= 15:
        null = stats.permutation_test((x,), np.median, permutation_type="samples", n_resamples=np.inf,
                                      vectorized=True).null_distribution
        assert np.mean(np.abs(null) > limit) <= 0.05
    return limit


def describe(name, values):
    x = np.asarray(values, dtype=float)
    out = {
        "name": name,
        "x": values,
        "quantiles": np.quantile(x, QUANTILES, method="linear").tolist(),
        "mad": stats.median_abs_deviation(x),
        "interval": order_interval(x),
        "hodges_lehmann": hodges_lehmann(x),
        "flipped_median": flipped_median(x),
        "sign_flip": sign_flip(x) if 2 <= len(x) <= 15 else None,
        "signed_rank": signed_rank(x) if 2 <= len(x) <= 15 else None,
        "percentile": None,
        "bca": None,
    }
    if len(x) > 2 and np.ptp(x) > 0:
        out["confidence"] = CONFIDENCE.get(name, 0.95)
        out["percentile"] = bootstrap(x, "percentile", out["confidence"])
        out["bca"] = bootstrap(x, "BCa", out["confidence"])
    return out


def lines():
    rng = np.random.default_rng(3)
    workers = np.repeat([1, 2, 4, 8], 3).astype(float)
    memory = 5e8 + 4.2e7 * workers + rng.normal(0, 1e6, 12)
    memory[5] *= 3
    cases = [(workers, memory), (np.arange(7.0), np.array([1.0, 3, 2, 5, 4, 7, 6])),
             (rng.normal(size=50), rng.normal(size=50)),
             (np.repeat([1.0, 2, 4, 8], 2), np.array([11.0, 10.8, 13.4, 13.2, 17.6, 17.6, 26.0, 25.5]))]
    for x, y in cases:
        fit = stats.theilslopes(y, x)
        yield {"x": x.tolist(), "y": y.tolist(), "slope": fit.slope, "intercept": fit.intercept,
               "low": fit.low_slope, "high": fit.high_slope}


def shares():
    for k, n in [(0, 1), (1, 1), (0, 20), (3, 20), (20, 20), (50, 1000), (999, 1000), (1000, 20000),
                 (18123, 20000), (7, 1000000)]:
        ci = stats.binomtest(k, n).proportion_ci(0.95, method="exact")
        yield {"k": k, "n": n, "low": ci.low, "high": ci.high}


def holm():
    for p in [[0.04], [0.01, 0.04, 0.03, 0.005], [0.5, 0.9, 0.4], [0.02, 0.02, 0.02, 1.0],
              np.random.default_rng(5).beta(0.5, 3, 15).tolist()]:
        yield {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}


def series():
    """Times of calls, in their order: as they should be, warm-ups, a change too late, one too small, ties, few."""
    rng = np.random.default_rng(11)
    steady = rng.lognormal(3, 0.3, 125)
    warm = rng.lognormal(3, 0.2, 200)
    warm[:24] *= 2.5
    twice = rng.lognormal(3, 0.1, 200)
    twice[:20] *= 3
    twice[20:60] *= 1.6
    late = rng.lognormal(3, 0.1, 100)
    late[70:] *= 1.4
    slight = rng.normal(100, 1, 300)
    slight[100:] += 2
    return {"steady": steady, "warm": warm, "twice": twice, "late": late, "slight": slight,
            "ties": np.repeat([5.0, 6.0, 5.0, 7.0], [9, 14, 3, 11]), "equal": np.full(20, 3.0),
            "growing": np.linspace(1, 4, 60) + rng.normal(0, 0.1, 60), "few": steady[:9], "ten": warm[20:30]}


def change(x):
    """Pettitt's, by a Mann-Whitney test of each cut."""
    n = len(x)
    us = [abs(2 * stats.mannwhitneyu(x[:t], x[t:]).statistic - t * (n - t)) for t in range(1, n)]
    most = max(us)
    at = us.index(most) + 1 if most > 0 else 0
    shift = np.median(x[at:]) / np.median(x[:at]) if at else 1.0
    return at, min(1, 2 * np.exp(-6 * most**2 / (n**3 + n**2))), shift


def settling(x):
    """Where x is steady from on: None when half of it or more would have to go."""
    after = 0
    while len(x) - after >= 10 and 2 * (len(x) - after) >= len(x):
        at, p, shift = change(x[after:])
        if p > 0.05 or abs(np.log(shift)) < np.log(1.05):
            return after
        after += at
    return None


def steadiness():
    for name, x in series().items():
        at, p, shift = change(x)
        after = settling(x) if len(x) >= 10 else None
        word = "too few" if len(x) < 10 else "never" if after is None else "settled"
        yield {"name": name, "x": x.tolist(), "at": at, "p": p, "shift": shift, "word": word, "after": after}


def trends():
    rng = np.random.default_rng(12)
    for y in [np.arange(6.0), np.arange(6.0)[::-1], rng.normal(size=12), rng.normal(size=12) + np.arange(12) / 4,
              np.array([3.0, 1, 2, 2, 5]), np.array([1.0, 1, 2, 2, 2, 3, 3, 4, 5, 5]), rng.normal(size=61),
              rng.normal(size=60) + np.arange(60) / 90, np.array([2.0, 1]), np.array([1.0, 3, 2, 4])]:
        x = np.arange(float(len(y)))
        method = "exact" if len(np.unique(y)) == len(y) <= 60 else "asymptotic"
        result = stats.kendalltau(x, y, method=method)
        yield {"y": y.tolist(), "tau": result.statistic, "p": result.pvalue}


def usl(x, sigma, kappa):
    return x / (1 + sigma * (x - 1) + kappa * x * (x - 1))


def least(x, y, fixed=None):
    """Sum of squares and figures of the best fit, one of them fixed to a value or none; of many starts."""
    names = [i for i in range(3) if fixed is None or fixed[0] != i]

    def whole(free):
        p = np.empty(3)
        p[names] = free
        if fixed:
            p[fixed[0]] = fixed[1]
        return p

    def residuals(free):
        p = whole(free)
        return 1 - p[0] * usl(x, p[1], p[2]) / y

    low, high = np.array([0.0, 0, 0])[names], np.array([np.inf, 1, 1])[names]
    best = None
    for sigma in [0.01, 0.1, 0.5, 0.9]:
        for kappa in [1e-4, 1e-2, 0.3]:
            start = np.array([y[0] / x[0], sigma, kappa])[names]
            fit = optimize.least_squares(residuals, start, bounds=(low, high), xtol=1e-15, ftol=1e-15, gtol=1e-15,
                                         x_scale=np.maximum(start, 1e-3), max_nfev=2000)
            if best is None or fit.cost < best.cost:
                best = fit
    p = whole(best.x)
    # The solver stays a hair within its bounds; on them it may be better still.
    for i in (1, 2):
        for end in (0.0, 1.0):
            q = p.copy()
            q[i] = end
            if i in names and abs(p[i] - end) < 1e-4:
                g = usl(x, q[1], q[2]) / y
                q[0] = g.sum() / (g**2).sum()
                if ((1 - q[0] * g) ** 2).sum() <= (residuals(p[names]) ** 2).sum() * (1 + 1e-9):
                    p = q
    return ((1 - p[0] * usl(x, p[1], p[2]) / y) ** 2).sum(), p


def usl_bounds(x, y, i, value, most):
    ends = []
    for end in (0.0, 1.0):
        if least(x, y, (i, end))[0] <= most:
            ends.append(end)
        else:
            ends.append(optimize.brentq(lambda v: least(x, y, (i, v))[0] - most, value, end, xtol=1e-10)
                        if abs(value - end) > 1e-9 else end)
    return ends


def scaling():
    rng = np.random.default_rng(13)
    powers = np.array([1.0, 2, 4, 8])
    many = np.array([1.0, 2, 3, 4, 6, 8, 12, 16, 24, 32])
    cases = {
        "contention": (many, 100 * usl(many, 0.08, 0) * np.exp(rng.normal(0, 0.01, 10))),
        "both": (many, 61 * usl(many, 0.03, 0.002) * np.exp(rng.normal(0, 0.02, 10))),
        "four": (powers, 40 * usl(powers, 0.1, 0.01) * np.exp(rng.normal(0, 0.003, 4))),
        "linear": (many, 12 * many * np.exp(rng.normal(0, 0.005, 10))),
        "falling": (powers, np.array([80.0, 62, 31, 17])),
        "two cores": (np.array([1.0, 2, 3, 4, 8]), np.array([100.0, 190, 188, 186, 171])),
        "steps": (many, np.where(many % 3 == 0, 50.0, 90.0)),
    }
    for name, (x, y) in cases.items():
        rss, p = least(x, y)
        n = len(x)
        most = rss * (1 + stats.t.ppf(0.975, n - 3) ** 2 / (n - 3)) + 1e-24
        yield {"name": name, "x": x.tolist(), "y": y.tolist(), "lambda": p[0], "sigma": p[1], "kappa": p[2],
               "miss": np.abs(p[0] * usl(x, p[1], p[2]) / y - 1).max(),
               "sigma_bounds": usl_bounds(x, y, 1, p[1], most), "kappa_bounds": usl_bounds(x, y, 2, p[2], most)}


def t_quantiles():
    for df in [1, 2, 3, 4, 5, 7, 12, 30, 61]:
        yield {"df": df, "t": stats.t.ppf(0.975, df), "t_95": stats.t.ppf(0.95, df)}


def main():
    document = {
        "numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__,
        "bootstrap_seeds": BCA_SEEDS,
        "quantiles": QUANTILES,
        "samples": [describe(name, x) for name, x in samples().items()],
        "lines": list(lines()), "shares": list(shares()), "holm": list(holm()),
        "steady": list(steadiness()), "trends": list(trends()), "usl": list(scaling()), "t": list(t_quantiles()),
    }
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        # A line for each vector, so that a difference can be read.
        text = json.dumps(document).replace(', "', ',\n"').replace("}, {", "},\n\n{")
        out.write(text + "\n")


if __name__ == "__main__":
    main()
