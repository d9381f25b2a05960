"""T2: precision and recall of the offline understanding on labelled dialogues, per field and language.

    python benchmarks/extraction.py [dialogues.jsonl] [--half even|odd] [--errors]

A prediction is right when it equals the label (times of day within two hours on the same date, as the
data's conventions say); a wrong value costs both precision and recall.
"""

import argparse
import json
import platform
import sys
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "src"))

from vantage.features.calling.conversation.understanding.extract import understand
from vantage.features.calling.conversation.understanding.models import Setting, Turn

DEFAULT = Path(__file__).resolve().parents[2] / "shared" / "data" / "dialogues" / "dialogues.jsonl"
FIELDS = (
    "budget_min_inr",
    "budget_max_inr",
    "configuration",
    "location",
    "timeline",
    "purpose",
    "callback_at",
    "site_visit_at",
    "do_not_call",
    "wants_human",
    "abusive",
    "outcome",
    "interest",
)


def predict(dialogue: dict[str, Any]) -> dict[str, Any]:
    """The engine's answer for one dialogue in the shape of its labels."""
    project = dialogue["project"]
    setting = Setting(
        now=datetime.fromisoformat(dialogue["now"]),
        configurations=tuple(project["configurations"]),
        price_min=Decimal(project["price_min_inr"]),
        price_max=Decimal(project["price_max_inr"]),
        city=project["city"],
        project=project["name"],
    )
    got = understand([Turn(turn["speaker"], turn["text"]) for turn in dialogue["turns"]], setting)

    def moment(found: Any) -> str | None:
        return found.value.isoformat() if found else None

    return {
        "budget_min_inr": int(got.budget_min.value) if got.budget_min else None,
        "budget_max_inr": int(got.budget_max.value) if got.budget_max else None,
        "configuration": list(got.configuration.value) if got.configuration else [],
        "location": got.location.value if got.location else None,
        "timeline": got.timeline.value if got.timeline else None,
        "purpose": got.purpose.value if got.purpose else None,
        "callback_at": moment(got.callback_at),
        "site_visit_at": moment(got.site_visit_at),
        "do_not_call": bool(got.do_not_call),
        "wants_human": bool(got.wants_human),
        "abusive": bool(got.abusive),
        "outcome": got.outcome.value if got.outcome else None,
        "interest": got.interest.value if got.interest else None,
    }


def same(field: str, label: Any, value: Any) -> bool:
    """Whether a prediction counts as the label."""
    if field == "configuration":
        return set(label) == set(value)
    if field == "location":
        return "".join(str(label).lower().split()) == "".join(str(value).lower().split())
    if field in {"callback_at", "site_visit_at"} and isinstance(label, str) and isinstance(value, str):
        if len(label) == 10 or len(value) == 10:
            return label[:10] == value[:10] if len(label) == 10 else label == value
        want, got = datetime.fromisoformat(label), datetime.fromisoformat(value)
        return want.date() == got.date() and abs((want - got).total_seconds()) <= 7200
    return bool(label == value)


def measure(dialogues: list[dict[str, Any]]) -> tuple[dict[tuple[str, str], list[int]], list[str]]:
    """Counts [right, predicted, labelled] per (field, group), and one line per error."""
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    errors: list[str] = []
    for dialogue in dialogues:
        got = predict(dialogue)
        for field in FIELDS:
            label, value = dialogue["labels"][field], got[field]
            predicted, labelled = bool(value), bool(label)
            right = predicted and labelled and same(field, label, value)
            for group in ("all", dialogue["language"], "noisy" if dialogue["noisy"] else "clean"):
                cell = counts[field, group]
                cell[0] += right
                cell[1] += predicted
                cell[2] += labelled
            if (predicted or labelled) and not right:
                errors.append(f"{dialogue['id']} {field}: said {value!r}, label {label!r}")
    return counts, errors


def rows(counts: dict[tuple[str, str], list[int]]) -> list[dict[str, Any]]:
    """One result row per field and group, as `benchmarks/results.json` keeps them."""
    result = []
    for (field, group), (right, predicted, labelled) in counts.items():
        precision = right / predicted if predicted else None
        recall = right / labelled if labelled else None
        floor = 1.0 if field == "do_not_call" else 0.8
        met = (precision is None or precision >= 0.95) and (recall is None or recall >= floor)
        result.append(
            {
                "id": "T2",
                "what": f"{field}, {group}: precision",
                "value": precision and round(precision, 3),
                "unit": "share",
                "against": f"{labelled} labels, {predicted} predictions",
                "ratio": recall and round(recall, 3),
                "reach": f"precision >= 0.95, recall (ratio) >= {floor}",
                "met": met,
                "command": "python benchmarks/extraction.py",
                "date": datetime.now(UTC).date().isoformat(),
                "machine": platform.machine(),
            }
        )
    return result


def main() -> list[dict[str, Any]]:
    """Print the table and return its rows; an absent file is said and gives no rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=DEFAULT)
    parser.add_argument("--half", choices=("odd", "even"))
    parser.add_argument("--errors", action="store_true")
    options = parser.parse_args()
    if not options.path.exists():
        print(f"No dialogues at {options.path}: give the path of a dialogues.jsonl.")
        return []
    dialogues = [json.loads(line) for line in options.path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if options.half:
        dialogues = [each for each in dialogues if int(each["id"].rsplit("-", 1)[1]) % 2 == (options.half == "odd")]
    counts, errors = measure(dialogues)
    groups = sorted({group for _, group in counts}, key=lambda group: (group != "all", group))
    print(f"{len(dialogues)} dialogues; precision/recall (labels)")
    print(f"{'':15}" + "".join(f"{group:>16}" for group in groups))
    for field in FIELDS:
        cells = []
        for group in groups:
            right, predicted, labelled = counts[field, group]
            cells.append(f"{right / predicted:.2f}/" if predicted else "  - /")
            cells[-1] += (f"{right / labelled:.2f}" if labelled else " - ") + f" ({labelled})"
        print(f"{field:15}" + "".join(f"{cell:>16}" for cell in cells))
    if options.errors:
        print("\n".join(errors))
    return rows(counts)


if __name__ == "__main__":
    main()
