"""The list of models: on disk and in memory, one row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from tektra_cli.tui.screens.models_rows import COLUMNS, Document, Moment, cells, fitting, heading, name_cells
from tektra_cli.tui.widgets.cells import holds
from tektra_cli.tui.widgets.fitted import Cells, FittedTable


class ModelList(FittedTable):
    """All models whose names have the filter's words in them."""

    SPARE = 2

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._moment = Moment()
        self._now = datetime.now(UTC)
        self._filter = ""

    @property
    def selected(self) -> Document | None:
        """The model under the cursor."""
        return next((model for model in self._moment.models if model["name"] == self.chosen), None)

    def show(self, moment: Moment, now: datetime) -> None:
        """What is known now."""
        self._moment, self._now = moment, now
        if self.chosen is None:
            self._wanted = self._wanted or self._first()
        self.draw()

    def filtered(self, words: str) -> None:
        """Only models that have these words in their names, or all."""
        self._filter = words
        self.draw()

    def columns_for(self, space: int) -> Mapping[str, int]:
        """As many as there is room for; names take what is left."""
        return {heading(name): COLUMNS[name].width for name in fitting(space - self.SPARE)}

    def rows_for(self, space: int) -> Mapping[str, Cells]:
        """By their names."""
        names = fitting(space - self.SPARE)
        for_names = name_cells(names, space - self.SPARE)
        return {each["name"]: cells(self._moment, each, names, for_names, self._now) for each in self._found()}

    def _found(self) -> Sequence[Document]:
        return [model for model in self._moment.models if holds(model["name"], self._filter)]

    def _first(self) -> str | None:
        """Where somebody begins who comes for the first time: at what is in memory, or would be."""
        there = [model["name"] for model in self._found()]
        wanted = [*self._moment.loaded, *(model["name"] for model in self._moment.models if model["default"]), *there]
        return next((name for name in wanted if name in there), None)
