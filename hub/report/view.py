"""The result as the sections of the report read it: look-ups done once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hub.contract import figures, numbers
from hub.contract.results import BuildResult, Evaluation, LabelName, ModelResult, SliceName
from hub.report.charts import canvas
from hub.report.markup import Html


@dataclass(frozen=True)
class View:
    """A build's result with what the sections look up in it.

    Args:
        result: made fit for publishing by `hub.contract.figures.published`.
    """

    result: BuildResult

    @cached_property
    def parts(self) -> tuple[SliceName, ...]:
        """Slices, the headline first."""
        return figures.slices(self.result)

    @cached_property
    def default(self) -> ModelResult | None:
        """The default variant's row."""
        return figures.default_model(self.result)

    @cached_property
    def teacher(self) -> ModelResult | None:
        """The teacher's row."""
        return figures.model_of(self.result, "teacher")

    @cached_property
    def baseline(self) -> ModelResult | None:
        """The baseline's row."""
        return figures.model_of(self.result, "baseline")

    @property
    def metric(self) -> str:
        """Name of the headline metric in words."""
        return numbers.name(self.result.headline_metric)

    @property
    def reads(self) -> str:
        """What one input is: ``text`` or ``row``."""
        return figures.kind(self.result).reads

    @property
    def encoding(self) -> str:
        """How an input becomes numbers, for sentences about times."""
        return "its encoding" if self.reads == "row" else "tokenization"

    @property
    def answers(self) -> str:
        """The form of the answers (`hub.contract.domain.Kind`)."""
        return figures.kind(self.result).answers

    @property
    def label_words(self) -> tuple[str, str]:
        """What a scored name is, and what its rows count."""
        return figures.label_words(self.result)

    def series(self, model: ModelResult) -> int:
        """Return the number of a model's colour and marker: 0 the baseline, 1 the teacher, then the variants."""
        if model.role in ("baseline", "teacher"):
            return 0 if model.role == "baseline" else 1
        variants = [other.name for other in self.result.models if other.role not in ("baseline", "teacher")]
        return 2 + variants.index(model.name) % (canvas.SERIES - 2)

    def legend(self, models: tuple[ModelResult, ...]) -> Html:
        """Return the legend of the models' colours and markers."""
        return canvas.legend([(self.series(model), model.name) for model in models])

    def evaluated(self, part: str) -> list[tuple[ModelResult, Evaluation]]:
        """Return the models that were evaluated on a slice."""
        return [(model, model.evaluations[part]) for model in self.result.models if part in model.evaluations]

    def default_evaluation(self, part: str) -> Evaluation | None:
        """Return the default variant's evaluation on a slice."""
        return self.default.evaluations.get(part) if self.default else None

    def rows(self, part: str) -> int:
        """Return how many test rows a slice has; 0 when nothing was evaluated."""
        return max((evaluation.rows for _, evaluation in self.evaluated(part)), default=0)

    def part_title(self, part: SliceName) -> str:
        """Return a slice's name as headings show it."""
        return "all test rows" if part.name == "all" else numbers.name(part.name)


def full_name(label: LabelName) -> str:
    """Return a label's id and name, once when they are equal."""
    return f"{label.id} {label.name}" if label.name and label.name != label.id else label.id
