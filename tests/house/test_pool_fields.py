from app.azure.types.pool_properties import AZURES, FREE, TYPED
from scripts.pool_fields import HEADING, TARGET, chapter, fields


def test_the_committed_chapter_is_fresh() -> None:
    page, _, _ = TARGET.read_text("utf-8").partition(HEADING)
    assert TARGET.read_text("utf-8") == page + chapter(), "run `make docs`"


def test_every_field_of_ours_and_every_property_of_azures_is_told() -> None:
    groups = {name.partition(".")[0] for name in fields() if "." in name}
    told = chapter()
    assert [name for name in fields() if f"| `{name}` |" not in told and name not in groups] == []
    azures = [name for name in TYPED if TYPED[name] not in {*fields()}]
    assert azures == ["orchestratorVersion"], "what has no row is told in words"
    assert [name for name in {*FREE, *AZURES, *TYPED} if f"`{name}`" not in told] == []


def test_a_field_stands_with_its_name_in_azure_and_with_what_changes_it() -> None:
    told = chapter()
    assert "| `os_disk.size_gib` | `osDiskSizeGB` | `:rotate` |\n" in told
    assert "| `upgrades.max_unavailable` | `upgradeSettings.maxUnavailable` | PATCH |\n" in told
    assert "| `os_type` | `osType` | nothing |\n" in told
    assert "| `spot.on_eviction` | none: Slipway's own | PATCH |\n" in told
