"""`budget.py ways`: what each way to distil gives a student of one and of two layers on BANKING77."""

from __future__ import annotations

from dataclasses import dataclass

from budget_parts import BANKING, BANKING_SET, SCORE, Done, Setting, build, model, record, share, variant, whole
from common import Figure

from hub.contract.results import ModelResult


@dataclass(frozen=True)
class Way:
    """A way to distil.

    Args:
        name: of its row.
        settings: as ``--set`` takes them, beside the student's layers.
        layers: numbers of layers of the students for which it differs from the plain way.
    """

    name: str
    settings: tuple[str, ...] = ()
    layers: tuple[int, ...] = (1, 2)


PLAIN = Way("teacher's logits and last hidden state")
WAYS = (
    PLAIN,
    Way("logits alone", ("student.hidden_weight=0",)),
    Way("and every layer's hidden state", ("student.hidden_layers=all",), (2,)),
    Way("and relations of the last layer", ("student.relation_weight=1",)),
    Way("by way of three layers", ("student.progressive=3",)),
    Way("twice the epochs, which three layers on the way cost", ("student.epochs=16",)),
    Way("and 5,000 made rows", ("student.transfer_rows=5000",)),
)
LAYERS = {1: "0", 2: "0,5"}


def run(setting: Setting) -> None:
    """Build what is missing, then write the figures; all students have one teacher."""
    built: list[tuple[Way, int, Done]] = []
    for layers, start in LAYERS.items():
        for way in WAYS[:1] if setting.trial else WAYS:
            if layers in way.layers:
                words = ["build", BANKING, "--recipe", "quick", "--data", str(setting.data / BANKING_SET)]
                for entry in ("lexical.use=false", f"student.layers={start}", *way.settings):
                    words += ["--set", entry]
                built.append((way, layers, build(setting, f"{layers} layers, {way.name}", words)))
    found, lines = [], []
    for layers in LAYERS:
        plain = next(done for way, count, done in built if count == layers and way is PLAIN)
        for way, count, done in built:
            if count != layers:
                continue
            found.append(_figure(way, layers, done, plain))
            lines.append(_line(way, layers, done))
    teacher = model(built[0][2].result, "teacher")
    metric = built[0][2].result.headline_metric
    columns = ["layers", "way", f"{metric} on validation", f"{SCORE} on test", "share of the teacher"]
    notes = [
        "Recipe quick without the lexical branch, one seed, one teacher for all; students in fp32. Of "
        f"{whole(teacher).rows:,} test rows half a point may be chance.",
    ]
    details = {
        "notes": notes,
        "table": {"columns": columns, "rows": lines},
        "builds": {
            f"{layers} layers, {way.name}": {"settings": way.settings, **record(done)} for way, layers, done in built
        },
    }
    setting.write(found, details)


def _figure(way: Way, layers: int, done: Done, plain: Done) -> Figure:
    own, other = (share(_row(each), model(each.result, "teacher")) for each in (done, plain))
    if way is PLAIN:
        return Figure(f"{layers} layers, {way.name}: share of the teacher", own, "%", None, None, True)
    return Figure(f"{layers} layers, {way.name}: more than the plain way", round(own - other, 2), "%", None, None, True)


def _line(way: Way, layers: int, done: Done) -> list[str]:
    row = _row(done)
    validation = next(entry.best_score for entry in done.result.trainings if entry.name == "student")
    kept = share(row, model(done.result, "teacher"))
    return [f"{layers}", way.name, f"{validation:.4f}", f"{100 * whole(row).metrics[SCORE]:.2f} %", f"{kept:.2f} %"]


def _row(done: Done) -> ModelResult:
    row = variant(done.result, "fp32")
    if row is None:
        raise SystemExit(f"the build {done.result.run} has no fp32 variant")
    return row
