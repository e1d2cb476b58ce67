"""The description of a network that is to be trained here: a name and parameters, as JSON."""

from collections.abc import Mapping
from typing import Any

from enstorage.errors import InvalidInputError


def network_json(network: Any) -> dict[str, Any] | None:
    """The JSON description of a specification or an estimator; a description is returned unchanged.

    Raises:
        InvalidInputError: it is not a network.
    """
    if network is None:
        return None
    if hasattr(network, "get_params") and not isinstance(network, type):
        from enstorage.estimators.describe import describe

        name, parameters = describe(network)
        return {"name": "estimator", "estimator": name, "parameters": parameters}
    is_specification = hasattr(network, "to_json") and not isinstance(network, type)
    recipe = network.to_json() if is_specification else network
    if not isinstance(recipe, Mapping) or not isinstance(recipe.get("name"), str):
        raise InvalidInputError(
            f"{network!r:.80} is not a network; expected a specification of entrainer.networks, its JSON form with a "
            "name, or an estimator. A model that you build yourself needs none: store it with save_object."
        )
    return dict(recipe)
