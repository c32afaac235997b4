#!/usr/bin/env python3
"""NE, AUC and seconds of `fields` beside Vowpal Wabbit, scikit-learn and river.

    python3 -m venv build/peers-venv
    build/peers-venv/bin/pip install scikit-learn river vowpalwabbit
    build/peers-venv/bin/python tests/bench/against_peers.py \
        build/release/cli/pctr clicks.csv.gz

The file is Click_prediction_small of OpenML (1220), with ten fields. All see
the same rows: four shuffled folds (scikit-learn's KFold with seed 0, which are
those of `pctr cv`), and then, for those that learn row by row, the rows in the
order of the file, each predicted before it is learned, counted from row 10,000
on. Seconds are of learning and predicting, the mean of a fold; the rows are in
memory, as text for Vowpal Wabbit and as dictionaries for river and
scikit-learn, which turn them into numbers within their time. A peer that is
not installed is left out.
"""
import csv
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time

try:
    import numpy
except ImportError:
    sys.exit("against_peers: numpy is missing, see the head of this file")

FIELDS = ["user_id", "ad_id", "position", "depth", "advertiser_id", "query_id",
          "keyword_id", "title_id", "description_id", "url_hash"]
FOLDS = 4
FIRST_ROWS = 10000  # learned before progressive rows count


def read_rows(path):
    """(list of dictionaries of the ten fields, labels)"""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    labels = numpy.array([float(row["click"] not in ("0", "")) for row in rows])
    return [{name: row[name] for name in FIELDS} for row in rows], labels


def folds(count):
    """scikit-learn's KFold(4, shuffle=True, random_state=0)."""
    order = numpy.arange(count)
    numpy.random.RandomState(0).shuffle(order)
    sizes = numpy.full(FOLDS, count // FOLDS)
    sizes[:count % FOLDS] += 1
    at = 0
    for size in sizes:
        test = numpy.zeros(count, bool)
        test[order[at:at + size]] = True
        yield numpy.flatnonzero(~test), numpy.flatnonzero(test)
        at += size


# --- Figures ----------------------------------------------------------------

def auc(labels, p):
    _, inverse, counts = numpy.unique(p, return_inverse=True,
                                      return_counts=True)
    ranks = (numpy.cumsum(counts) - (counts - 1) / 2)[inverse]
    clicks = labels.sum()
    others = len(labels) - clicks
    return (ranks[labels > 0].sum() - clicks * (clicks + 1) / 2) / (
        clicks * others)


def entropy(labels, p):
    p = numpy.clip(p, 1e-15, 1 - 1e-15)
    loss = -numpy.mean(labels * numpy.log(p) + (1 - labels) * numpy.log1p(-p))
    rate = labels.mean()
    return loss / -(rate * numpy.log(rate) + (1 - rate) * numpy.log1p(-rate))


def report(name, figures):
    """figures: a list of (NE, AUC, seconds)"""
    ne, area, seconds = numpy.mean(numpy.array(figures, float), axis=0)
    print(f"{name:45} {ne:.4f}  {area:.4f}  {seconds:8.3f} s", flush=True)


# --- Ours -------------------------------------------------------------------

def run_pctr(pctr, files, options):
    """(NE, AUC, seconds) of each fold, by model"""
    command = [pctr, "cv", *files, "--json", "--threads=1", *options]
    found = {}
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                         encoding="utf-8").stdout
    for line in out.splitlines():
        fold = json.loads(line)
        found.setdefault(fold["model"], []).append(
            (fold["normalised_entropy"], fold["auc"],
             fold["fit_seconds"] + fold["test_seconds"]))
    return found


def fields_option():
    names = ["user", "ad"] + FIELDS[2:]
    return "--fields=" + ",".join(names)


def pctr_folds(pctr, path):
    for models, more in (("baseline", []), ("baseline", ["--calibrate"]),
                         ("fields", [fields_option()])):
        found = run_pctr(pctr, [path], [f"--models={models}",
                                        f"--split.folds={FOLDS}", *more])
        what = " ".join(word for word in more if "fields" not in word)
        report(f"pctr cv {models} {what}", found[models])


def pctr_progressive(pctr, path):
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        text = lines.readlines()
    with tempfile.TemporaryDirectory() as folder:
        files = [os.path.join(folder, name) for name in ("a.csv", "b.csv")]
        for name, rows in zip(files, (text[1:FIRST_ROWS + 1],
                                      text[FIRST_ROWS + 1:])):
            with open(name, "w", encoding="utf-8", newline="") as out:
                out.writelines([text[0], *rows])
        found = run_pctr(pctr, files, ["--models=fields", fields_option(),
                                       "--split=predefined", "--progressive"])
    report("pctr cv fields --progressive", found["fields"])


# --- Peers: each learns rows in order, and predicts rows ---------------------

class VowpalWabbit:
    """--ftrl, two passes over a fold and one over the rows in order."""
    name = "vowpal wabbit --ftrl .1"

    def __init__(self, passes):
        import vowpalwabbit
        self.passes = passes
        self.vw = vowpalwabbit.Workspace(
            "--quiet --ftrl --ftrl_alpha 0.1 --loss_function logistic "
            "--link logistic -b 22")

    @staticmethod
    def prepare(rows, labels):
        return [("1" if label else "-1") + " " + " ".join(
            f"|{name} {value}" for name, value in row.items())
                for row, label in zip(rows, labels)]

    def learn_all(self, lines, labels):
        for _ in range(self.passes):
            for line in lines:
                self.vw.learn(line)

    def predict_all(self, lines):
        return [self.vw.predict(line.split(" ", 1)[1]) for line in lines]

    def learn(self, line, label):
        self.vw.learn(line)

    def predict(self, line):
        return self.vw.predict(line.split(" ", 1)[1])


class River:
    """FTRL-proximal over the values as names."""
    name = "river FTRLProximal .1"

    def __init__(self, passes):
        from river import linear_model, optim
        self.passes = passes
        self.model = linear_model.LogisticRegression(
            optimizer=optim.FTRLProximal(alpha=0.1, beta=1, l1=0, l2=1))

    @staticmethod
    def prepare(rows, labels):
        return [{name + "=" + value: 1 for name, value in row.items()}
                for row in rows]

    def learn(self, row, label):
        self.model.learn_one(row, bool(label))

    def predict(self, row):
        return self.model.predict_proba_one(row)[True]

    def learn_all(self, rows, labels):
        for _ in range(self.passes):
            for row, label in zip(rows, labels):
                self.learn(row, label)

    def predict_all(self, rows):
        return [self.predict(row) for row in rows]


class ScikitLearn:
    """Logistic regression over the values hashed to 2^18 columns."""
    name = "scikit-learn LogisticRegression C=.15, 2^18"

    def __init__(self, passes):
        from sklearn.feature_extraction import FeatureHasher
        from sklearn.linear_model import LogisticRegression
        self.hasher = FeatureHasher(1 << 18, alternate_sign=False)
        self.model = LogisticRegression(C=0.15, max_iter=300)

    @staticmethod
    def prepare(rows, labels):
        return rows

    def learn_all(self, rows, labels):
        self.model.fit(self.hasher.transform(rows), labels)

    def predict_all(self, rows):
        return self.model.predict_proba(self.hasher.transform(rows))[:, 1]


def is_there(peer):
    try:
        peer(1)
    except ImportError as why:
        print(f"{peer.name}: not installed ({why})")
        return False
    return True


def peer_folds(peer, rows, labels):
    figures = []
    ready = peer.prepare(rows, labels)
    for train, test in folds(len(rows)):
        model = peer(2)
        learned = [ready[i] for i in train]
        asked = [ready[i] for i in test]
        start = time.perf_counter()
        model.learn_all(learned, labels[train])
        p = numpy.array(model.predict_all(asked))
        seconds = time.perf_counter() - start
        figures.append((entropy(labels[test], p), auc(labels[test], p),
                        seconds))
    report(peer.name, figures)


def peer_progressive(peer, rows, labels):
    model = peer(1)
    p = numpy.empty(len(rows))
    ready = peer.prepare(rows, labels)
    start = time.perf_counter()
    for i, row in enumerate(ready):
        p[i] = model.predict(row)
        model.learn(row, labels[i])
    seconds = time.perf_counter() - start
    counted = slice(FIRST_ROWS, None)
    report(peer.name, [(entropy(labels[counted], p[counted]),
                        auc(labels[counted], p[counted]), seconds)])


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    pctr, path = sys.argv[1:]
    rows, labels = read_rows(path)
    peers = [peer for peer in (VowpalWabbit, ScikitLearn, River)
             if is_there(peer)]
    print(f"{len(rows)} rows, {FOLDS} folds{'':27} NE      AUC     seconds")
    pctr_folds(pctr, path)
    for peer in peers:
        peer_folds(peer, rows, labels)
    print("each row predicted, then learned, in the order of the file")
    pctr_progressive(pctr, path)
    for peer in peers:
        if hasattr(peer, "learn"):
            peer_progressive(peer, rows, labels)


if __name__ == "__main__":
    main()
