"""Models: what is loaded and what it takes, what is on this machine, and getting more of it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from functools import partial
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static
from textual.worker import WorkType

from tektra_cli import model_words, wording
from tektra_cli.errors import CliError
from tektra_cli.tui.feed import Event
from tektra_cli.tui.gateway import address
from tektra_cli.tui.place import Place
from tektra_cli.tui.screens.models_detail import ModelDetail
from tektra_cli.tui.screens.models_import import ImportForm
from tektra_cli.tui.screens.models_list import ModelList
from tektra_cli.tui.screens.models_load import LoadForm
from tektra_cli.tui.screens.models_memory import Memory
from tektra_cli.tui.screens.models_plots import SPANS, Plots
from tektra_cli.tui.screens.models_pull import PullForm
from tektra_cli.tui.screens.models_pulls import Pull, PullLine, Pulls
from tektra_cli.tui.screens.models_rows import Document, Moment, queue_lines
from tektra_cli.tui.widgets.confirm import Confirm

LOOK_S = 1.0
"""Between two looks at what is in memory, while somebody looks at this place."""
HISTORY_LOOKS = 2
"""Every so many looks the history is looked at too: there is a sample every two seconds."""
MOST_SAMPLES = 1440


class Models(Place):
    """A list of models with bars above it, one of them in full beside it, and what was before below."""

    NAME = "models"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide"), (170, "-huge")]  # noqa: RUF012
    VERTICAL_BREAKPOINTS = [(0, "-low"), (34, "-high"), (50, "-tall")]  # noqa: RUF012
    DEFAULT_CSS = """
    Models #filter { height: 1; margin: 0 1; background: $panel; }
    Models #queue { height: auto; max-height: 6; padding: 0 1; color: $warning; }
    Models #middle { height: 1fr; }
    Models ModelList, Models ModelDetail { scrollbar-size-vertical: 1; scrollbar-color: $border;
        scrollbar-background: $background; }
    Models #left { width: 6fr; }
    Models ModelList:focus { background-tint: $background 0%; }
    Models ModelDetail { width: 5fr; border-left: solid $border; }
    Models Plots { border-top: solid $border; }
    Models Memory { margin: 0 0 1 0; }
    Models.-high Memory, Models.-tall Memory { margin: 1 0; }
    Models.-huge #left { width: 3fr; }
    Models.-huge ModelDetail { width: 2fr; }
    Models.-narrow ModelDetail { display: none; border-left: none; }
    Models.-narrow.reading ModelDetail { display: block; }
    Models.-narrow.reading #left, Models.-narrow.reading Plots { display: none; }
    Models.-narrow #plot-first, Models.-narrow #plot-cpu { display: none; }
    Models.-low Plots { height: 5; }
    Models.-low.pulling Plots { display: none; }
    Models.-high Plots { height: 8; }
    Models.-tall Plots { height: 14; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "read", "Details", show=False),
        Binding("escape", "back", "Back to the list", show=False),
        Binding("l", "load", "Load"),
        Binding("u", "unload", "Unload"),
        Binding("p", "pull", "Pull"),
        Binding("i", "import", "Import"),
        Binding("d", "remove", "Remove"),
        Binding("delete", "remove", "Remove", show=False),
        Binding("slash", "filter", "Filter", key_display="/", show=False),
        Binding("x", "stop", "Stop the download", show=False),
        Binding("t", "span", "Plots: ten minutes or a day", show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._moment = Moment()
        self._memory: Document | None = None
        self._devices: list[Document] = []
        self._span = "10m"
        self._samples: list[Document] = []
        self._step_s = 2.0
        self._looks = itertools.count(1)
        self._numbers = itertools.count(1)

    def body(self) -> ComposeResult:
        """Bars, list, detail, plots."""
        yield Memory(id="memory-bars")
        with Horizontal(id="middle"):
            with Vertical(id="left"):
                filter_ = Input(placeholder="words of a name", id="filter", compact=True)
                filter_.display = False
                yield filter_
                yield ModelList(id="list")
                yield Static("No model has such a name.", id="none", classes="empty", markup=False)
                yield Static(id="queue", markup=False)
                yield Pulls(id="pulls")
            yield ModelDetail(id="detail")
        yield Plots(id="plots")

    def on_mount(self) -> None:
        """Look every second, while somebody does."""
        self.query_one("#queue").display = self.query_one("#none").display = False
        self.query_one(ModelList).focus()
        self.set_interval(LOOK_S, self._look)

    async def reload(self) -> None:
        """The models, what is in memory, the devices and what was before."""
        models, memory, status = await asyncio.gather(
            self.gateway.get("/api/models"), self.gateway.get("/api/ps"), self.gateway.get("/api/status")
        )
        self._moment.models, self._memory = models["models"], status["memory"]
        self._take(memory)
        self.attempt(self._read_devices, group="devices", exclusive=True)
        self.attempt(self._read_detail, group="detail", exclusive=True)
        await self._read_history(anew=True)

    def heard(self, events: Sequence[Event]) -> None:
        """A model's state is seen at once; what changed on the disk is read anew."""
        for event in events:
            if event["type"] == "model.state":
                self._mark(event["data"])
        if any(event["type"] == "model.state" for event in events):
            self._look()
            if self._devices and self._is_seen:
                self.attempt(self._read_devices, group="devices", exclusive=True)
        if self._is_seen and any(event["type"] == "entry" and _on_disk(event["data"]) for event in events):
            self.renew()

    # --- what is known ---

    @property
    def _is_seen(self) -> bool:
        return self.app.screen is self or self in self.app.screen_stack

    def _mark(self, told: Document) -> None:
        broken = dict(self._moment.broken)
        broken.pop(told["model"], None)
        if told["state"] == "broken":
            broken[told["model"]] = told.get("why", "")
        self._moment.broken = broken

    def _look(self) -> None:
        if self._is_seen and self.dashboard.standing != "away":
            looking: WorkType[None] = self._read_memory
            self.run_worker(looking, group="look", exclusive=True)

    async def _read_memory(self) -> None:
        try:
            self._take(await self.gateway.get("/api/ps"))
            if next(self._looks) % HISTORY_LOOKS == 0:
                status, _ = await asyncio.gather(self.gateway.get("/api/status"), self._read_history())
                self._memory = status["memory"]
        except CliError:
            return  # the feed says how it stands

    async def _read_devices(self) -> None:
        """Apart from the rest: a driver may take long to wake a device."""
        found = (await self.gateway.get("/api/devices"))["devices"]
        self._devices = [each for each in found if each["kind"] != "cpu"]
        self._draw()

    async def _read_history(self, *, anew: bool = False) -> None:
        query = {"span": self._span}
        if self._samples and not anew:
            query["after"] = self._samples[-1]["time"]
        found = await self.gateway.get("/api/history", query)
        if found["span"] == self._span:
            known = [] if anew else self._samples
            self._samples, self._step_s = [*known, *found["samples"]][-MOST_SAMPLES:], found["step_s"]
        self._draw_plots()

    async def _read_detail(self) -> None:
        if (model := self.query_one(ModelList).selected) is not None:
            document = await self.gateway.get(address("models", model["name"]))
            self.query_one(ModelDetail).tell(document, self.dashboard.now())

    def _take(self, memory: Document) -> None:
        self._moment.loaded = {model["name"]: model for model in memory["models"]}
        self._moment.queue = memory["queue"]
        self._draw()

    def _draw(self) -> None:
        now, models = self.dashboard.now(), self.query_one(ModelList)
        if self._memory is not None:
            self.query_one(Memory).show(self._memory, list(self._moment.loaded.values()), self._devices)
        models.show(self._moment, now)
        self._draw_detail()
        queue = self.query_one("#queue", Static)
        queue.display = bool(self._moment.queue)
        queue.update("\n".join(queue_lines(self._moment.queue, max(20, models.size.width - 2))))

    def _draw_detail(self) -> None:
        model = self.query_one(ModelList).selected
        self.query_one("#none").display = model is None and bool(self._moment.models)
        if model is not None:
            self.query_one(ModelDetail).live(model, self._moment, self.dashboard.now())

    def _draw_plots(self) -> None:
        budget = float(self._memory["budget_bytes"]) if self._memory else 0.0
        plots, now = self.query_one(Plots), self.dashboard.now()
        plots.show(self._samples, self._span, self._step_s, now, budget, bool(self._devices))

    # --- what the person does ---

    def on_data_table_row_highlighted(self) -> None:
        """Another model is looked at."""
        self._draw_detail()
        self.attempt(self._read_detail, group="detail", exclusive=True)

    def on_data_table_row_selected(self) -> None:
        """Enter, or a second click."""
        self.action_read()

    def action_read(self) -> None:
        """To the detail."""
        if self.query_one(ModelList).selected is not None:
            self.add_class("reading")
            self.query_one(ModelDetail).focus()

    def action_back(self) -> None:
        """To the list."""
        self.remove_class("reading")
        field = self.query_one("#filter", Input)
        if field.has_focus or not field.value:
            field.value = ""
            field.display = False
        self.query_one(ModelList).focus()

    def action_filter(self) -> None:
        """Type words of a name."""
        self.remove_class("reading")
        field = self.query_one("#filter", Input)
        field.display = True
        field.focus()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only models that have these words."""
        self.query_one(ModelList).filtered(event.value)
        self.on_data_table_row_highlighted()

    def on_input_submitted(self) -> None:
        """To what was found."""
        self.query_one(ModelList).focus()

    def action_span(self) -> None:
        """The other span."""
        spans = list(SPANS)
        self._span = spans[(spans.index(self._span) + 1) % len(spans)]
        self.attempt(partial(self._read_history, anew=True), group="history", exclusive=True)

    def action_load(self) -> None:
        """Ask how, then load."""
        if (model := self.query_one(ModelList).selected) is not None:
            self.attempt(partial(self._load, model), group=f"load {model['name']}")

    async def _load(self, model: Document) -> None:
        name = model["name"]

        async def estimate(how: Document) -> Document:
            return await self.gateway.get(address("models", name, "estimate"), how or None)

        body = await self.app.push_screen_wait(LoadForm(model, estimate, bool(self._devices)))
        if body is None:
            return
        self._moment.asked = {**self._moment.asked, name: self.dashboard.now().isoformat()}
        self._look()
        try:
            loaded = await self.gateway.patient_post(address("models", name, "load"), body)
        finally:
            self._moment.asked = {each: at for each, at in self._moment.asked.items() if each != name}
            self._look()
        self._say(model_words.was_loaded(loaded))

    def action_unload(self) -> None:
        """Free its memory; asks where that ends answers."""
        model = self.query_one(ModelList).selected
        loaded = self._moment.loaded.get(model["name"]) if model is not None else None
        if loaded is None:
            self._say("it is not in memory")
        else:
            self.attempt(partial(self._unload, loaded))

    async def _unload(self, loaded: Document) -> None:
        name, is_used = loaded["name"], bool(loaded["leases"])
        uses = wording.plural(loaded["leases"], "request")
        question = f'"{name}" is answering {uses}. Unload it now? Those answers end where they are.'
        if loaded["state"] == "starting":
            question = f'"{name}" is being loaded. Call that off? Whoever waits for it hears that it was.'
        if is_used and not await self.app.push_screen_wait(Confirm(question, yes="Unload")):
            return
        path = address("models", name, "unload") + ("?force=true" if is_used else "")
        self._say(model_words.was_unloaded(await self.gateway.post(path)))

    def action_remove(self) -> None:
        """Say what is lost, then remove."""
        if (model := self.query_one(ModelList).selected) is not None:
            self.attempt(partial(self._remove, model))

    async def _remove(self, model: Document) -> None:
        if await self.app.push_screen_wait(Confirm(model_words.removal(model), yes="Remove")):
            self._say(model_words.was_removed(await self.gateway.delete(address("models", model["name"]))))
            await self.reload()

    def action_import(self) -> None:
        """Ask for a path."""
        self.attempt(self._import)

    async def _import(self) -> None:
        body = await self.app.push_screen_wait(ImportForm())
        if body is None:
            return
        document = await self.gateway.patient_post("/api/models/import", body)
        self._say(model_words.was_imported(document))
        if document.get("recommended"):
            self._say(model_words.recommended(document["recommended"], "pull or quantize such a file instead"))
        await self._arrived(document["model"]["name"])

    def action_pull(self) -> None:
        """Ask for a repository."""
        self.attempt(self._ask_pull)

    async def _ask_pull(self) -> None:
        body = await self.app.push_screen_wait(PullForm())
        if body is not None:
            begun = Pull(next(self._numbers), body)
            self.query_one(Pulls).begin(begun)
            self.add_class("pulling")
            self.attempt(partial(self._pull, begun), group=f"pull {begun.number}")

    async def _pull(self, pull: Pull) -> None:
        pulls = self.query_one(Pulls)
        try:
            async for batch in self.gateway.stream("/api/models/pull", pull.body):
                for event in batch:
                    pull.hear(event)
                    if event["type"] == "done":
                        self._drop(pull)
                        self._say(model_words.was_pulled(event["model"]))
                        await self._arrived(event["model"]["name"])
                pulls.changed(pull)
        except CliError as error:
            pull.error = error.message
            pulls.changed(pull)
            raise

    def action_stop(self) -> None:
        """Stop a download: the one that has the focus, or else the first."""
        pulls = self.query_one(Pulls).all
        if pulls:
            self.on_pull_line_stop(PullLine.Stop(pulls[0]))

    def on_pull_line_stop(self, event: PullLine.Stop) -> None:
        """Nothing is lost: the next one goes on where it stopped."""
        self.workers.cancel_group(self, f"pull {event.pull.number}")
        self._drop(event.pull)
        self.query_one(ModelList).focus()
        if not event.pull.error:
            self._say("the download stopped; the next one of it goes on where it was")

    def _drop(self, pull: Pull) -> None:
        pulls = self.query_one(Pulls)
        pulls.drop(pull)
        self.set_class(pulls.display, "pulling")

    async def _arrived(self, name: str) -> None:
        """A new model: show it."""
        await self.reload()
        self.query_one(ModelList).go_to(name)

    def _say(self, words: str) -> None:
        self.notify(words, markup=False)


def _on_disk(entry: Document) -> bool:
    """Whether other models are on this machine now."""
    return entry["kind"] in ON_DISK and entry["outcome"] != "begun"


ON_DISK = ("model.import", "model.adapt", "model.pull", "model.remove")
