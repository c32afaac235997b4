#!/usr/bin/env python3
"""Fit time and RMSE beside scikit-surprise and LIBMF, on the same rows.

    build/dev/tests/bench/bench_factor --write build/rows.csv > build/ours.txt
    python3 -m venv build/bench-venv
    build/bench-venv/bin/pip install 'numpy<2' scikit-surprise libmf
    build/bench-venv/bin/python tests/bench/against_surprise.py \
        build/rows.csv build/ours.txt

Prints one line per peer that is installed: seconds, RMSE on every tenth row
and, beside the line of ours with the same parameters, the ratio of the times.
"""
import re
import sys
import time

try:
    import numpy
except ImportError:
    sys.exit("against_surprise: numpy is missing, see the head of this file")


def read_rows(path):
    """(train, test) as arrays of user, item, value."""
    rows = numpy.loadtxt(path, delimiter=",")
    test = rows[:, 3] == 1
    return (numpy.ascontiguousarray(rows[~test, :3]),
            numpy.ascontiguousarray(rows[test, :3]))


def read_ours(path):
    """{line of bench_factor without its figures: (seconds, rmse)}"""
    found = {}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            match = re.match(r"(.*?) +fit=([\d.]+)s rmse=([\d.]+)", line)
            if match:
                name = " ".join(match[1].split())
                found[name] = float(match[2]), float(match[3])
    return found


def rmse(estimates, test):
    clipped = numpy.clip(estimates, 1, 5)
    return float(numpy.sqrt(numpy.mean((clipped - test[:, 2]) ** 2)))


def report(name, seconds, error, ours):
    print(f"{name}: {seconds:.2f} s, RMSE {error:.5f}")
    for line, (own_seconds, own_error) in ours:
        print(f"    {line}: {own_seconds:.3f} s, RMSE {own_error:.5f}, "
              f"{seconds / own_seconds:.1f} times as fast")


def run_surprise(train, test, ours):
    try:
        import surprise
    except ImportError:
        print("scikit-surprise: not installed")
        return
    columns = [tuple(row) + (None,) for row in train.tolist()]
    data = surprise.Dataset(surprise.Reader(rating_scale=(1, 5)))
    trainset = data.construct_trainset(columns)
    models = [
        (surprise.SVD(n_factors=100, n_epochs=20, random_state=0), "svd "),
        (surprise.NMF(random_state=0), "nmf "),
        (surprise.CoClustering(random_state=0), "co-clustering "),
    ]
    if "--slow" in sys.argv:
        models.append((surprise.SVDpp(random_state=0), "svdpp "))
    for model, prefix in models:
        start = time.perf_counter()
        model.fit(trainset)
        seconds = time.perf_counter() - start
        estimates = [model.predict(u, i).est for u, i, _ in test.tolist()]
        same = [item for item in ours.items() if item[0].startswith(prefix)]
        report("surprise " + type(model).__name__, seconds,
               rmse(numpy.array(estimates), test), same)


def run_libmf(train, test, ours):
    try:
        from libmf import mf
    except (ImportError, OSError) as why:
        print(f"libmf: not installed ({why})")
        return
    fast = [item for item in ours.items() if "solver=fast" in item[0]]
    mean = train[:, 2].mean()
    rows = train - [0, 0, mean]
    users, items = test[:, 0].astype(int), test[:, 1].astype(int)
    for epochs in (3, 5, 10, 20):
        model = mf.MF(fun=0, k=100, nr_threads=2, nr_bins=20, nr_iters=epochs,
                      lambda_p1=0, lambda_q1=0, lambda_p2=0.05,
                      lambda_q2=0.05, eta=0.1, quiet=True)
        start = time.perf_counter()
        model.fit(rows)
        seconds = time.perf_counter() - start
        # Not model.predict(): in libmf 0.9.2 it answers for other pairs than
        # those asked for, the training rows included (their RMSE is above
        # the labels' own deviation). The factors themselves are sound.
        p, q = model.p_factors(), model.q_factors()
        estimates = mean + (p[users] * q[items]).sum(axis=1)
        report(f"libmf k=100 epochs={epochs}, mean taken off", seconds,
               rmse(estimates, test), fast)


def main():
    paths = [word for word in sys.argv[1:] if not word.startswith("--")]
    if len(paths) != 2:
        sys.exit(__doc__)
    train, test = read_rows(paths[0])
    ours = read_ours(paths[1])
    run_libmf(train, test, ours)
    run_surprise(train, test, ours)


if __name__ == "__main__":
    main()
