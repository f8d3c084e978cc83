"""The picture's colours, by what a shape stands for: for readers in light and in dark."""

from dataclasses import dataclass

from app.infrastructure.layout.shapes import Ink, Stroke, Tone


@dataclass(frozen=True, slots=True)
class Paint:
    """The colours of a box. `stripe`: along its left edge; `dashed`: its border."""

    fill: str
    border: str
    stripe: str | None = None
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Palette:
    """All colours, of one mode."""

    boxes: dict[Tone, Paint]
    inks: dict[Ink, str]
    strokes: dict[Stroke, str]


LIGHT = Palette(
    boxes={
        Tone.CANVAS: Paint("#ffffff", "#ffffff"),
        Tone.SUBSCRIPTION: Paint("#fafbfc", "#d0d7de", dashed=True),
        Tone.GROUP: Paint("#f3f5f8", "#afb8c1"),
        Tone.OUTSIDE: Paint("#f8f6f1", "#b8ad94", dashed=True),
        Tone.NETWORK: Paint("#eaf3fb", "#7fb0dc"),
        Tone.SUBNET: Paint("#f7fbfe", "#9dc3e6", dashed=True),
        Tone.POOL: Paint("#ffffff", "#b5bec8", "#2f8f4e"),
        Tone.MACHINE: Paint("#f4f8f5", "#c5d6ca"),
        Tone.BALANCER: Paint("#fdf3ea", "#dfae7f"),
        Tone.FRONTEND: Paint("#ffffff", "#e0c3a5", "#c8651b"),
        Tone.ADDRESS: Paint("#ffffff", "#b5bec8", "#8250df"),
        Tone.CLUSTER: Paint("#eef2fd", "#93aae8"),
        Tone.SERVICE: Paint("#ffffff", "#b6c5ef", "#326ce5"),
        Tone.GUARD: Paint("#ffffff", "#b5bec8", "#57606a"),
        Tone.IDENTITY: Paint("#ffffff", "#c4ccd4", "#8c959f"),
        Tone.PANEL: Paint("#fffdf5", "#d4b65c"),
        Tone.SUMMARY: Paint("#ffffff", "#d0d7de"),
        Tone.GONE: Paint("#fff5f4", "#cf222e", dashed=True),
        Tone.WARNING: Paint("#fff8e5", "#bf8700", "#bf8700"),
        Tone.GOOD: Paint("#2f8f4e", "#2f8f4e"),
        Tone.BUSY: Paint("#bf8700", "#bf8700"),
        Tone.OFF: Paint("#8c959f", "#8c959f"),
        Tone.BAD: Paint("#cf222e", "#cf222e"),
    },
    inks={Ink.STRONG: "#1b1f24", Ink.SOFT: "#57606a", Ink.ALARM: "#a40e26"},
    strokes={Stroke.ATTACHED: "#8250df", Stroke.SERVES: "#326ce5", Stroke.ROUTES: "#2f8f4e"},
)

DARK = Palette(
    boxes={
        Tone.CANVAS: Paint("#0d1117", "#0d1117"),
        Tone.SUBSCRIPTION: Paint("#11161d", "#3d444d", dashed=True),
        Tone.GROUP: Paint("#171d26", "#4a535e"),
        Tone.OUTSIDE: Paint("#1d1a14", "#6b604a", dashed=True),
        Tone.NETWORK: Paint("#10212f", "#2f6089"),
        Tone.SUBNET: Paint("#13202b", "#3a6285", dashed=True),
        Tone.POOL: Paint("#1b222b", "#46505b", "#3fb968"),
        Tone.MACHINE: Paint("#16261c", "#33553f"),
        Tone.BALANCER: Paint("#291d12", "#7d5429"),
        Tone.FRONTEND: Paint("#1f1a16", "#6a4b2d", "#e8863a"),
        Tone.ADDRESS: Paint("#1b1e27", "#46505b", "#a981f5"),
        Tone.CLUSTER: Paint("#141c33", "#3f5699"),
        Tone.SERVICE: Paint("#1a2133", "#42548a", "#6b97f7"),
        Tone.GUARD: Paint("#1b222b", "#46505b", "#9aa4af"),
        Tone.IDENTITY: Paint("#1b222b", "#3d4650", "#6e7883"),
        Tone.PANEL: Paint("#1f1b10", "#8a7130"),
        Tone.SUMMARY: Paint("#151b23", "#3d444d"),
        Tone.GONE: Paint("#2a1416", "#f0606a", dashed=True),
        Tone.WARNING: Paint("#2a2110", "#d8a520", "#d8a520"),
        Tone.GOOD: Paint("#3fb968", "#3fb968"),
        Tone.BUSY: Paint("#d8a520", "#d8a520"),
        Tone.OFF: Paint("#6e7883", "#6e7883"),
        Tone.BAD: Paint("#f0606a", "#f0606a"),
    },
    inks={Ink.STRONG: "#e6edf3", Ink.SOFT: "#9ea7b3", Ink.ALARM: "#ff9aa2"},
    strokes={Stroke.ATTACHED: "#a981f5", Stroke.SERVES: "#6b97f7", Stroke.ROUTES: "#3fb968"},
)
