"""Requests that a machine makes up from the description of the interface: no answer contradicts it, none is an error."""

import time

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import CHECKS
from uploaded import make_ensemble

#: Streams do not end by themselves.
_STREAMS = r"/(changes|events)$"
#: A word that fits the description may still be the name of nothing, and a name may be given twice.
_NOT_ASKED = {"positive_data_acceptance", "use_after_free", "ensure_resource_availability", "max_response_time"}
_SECONDS = 240


@pytest.fixture
def filled_with():
    return make_ensemble


@pytest.mark.long
def test_no_made_up_request_finds_a_fault(api):
    base, headers = str(api.base_url).rstrip("/"), {"Authorization": api.headers["Authorization"]}
    schema = schemathesis.openapi.from_url(f"{base}/api/v1/openapi.json", headers=headers).exclude(path_regex=_STREAMS)
    left_out = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name in _NOT_ASKED]
    end, faults, asked = time.monotonic() + _SECONDS, [], 0
    for found in schema.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=6,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case):
            case.call_and_validate(base_url=base, headers=headers, excluded_checks=left_out)

        try:
            ask()
        except Exception as error:
            faults.append(f"{operation.label}: {type(error).__name__}: {error}"[:1_500])
        asked += 1
        if time.monotonic() > end:
            break
    assert not faults, "\n\n".join(faults)
    assert asked > 50
