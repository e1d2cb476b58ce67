"""What somebody does who has installed the package: the whole way, each part through the public API."""

import json
import sys
from pathlib import Path

import numpy as np
from sundries.format import SeasonalMeans

import endirector
import entrainer
from enorchestrator import deliver
from enstorage import Connector, DataSource, Ensemble, Model, Project, write_all
from enstorage.adapter.base import adapter_from_json
from enstorage.sinks import sink_from_json
from enstorage.sources import Wanted, loader_from_json
from entrainer.networks import NETWORKS

folder = Path(sys.argv[1])
urls = f"sqlite:///{folder / 'store.sqlite'}", f"columns:{folder / 'points'}", f"shelf:{folder / 'objects'}"
found = {}

# A source loader, by its recipe as it would be stored: many series at once, then one.
loader = loader_from_json({"name": "tides", "harbours": ["Brest", "Cuxhaven"], "days": 4})
with Connector(*urls) as connector:
    first = [piece for piece in loader.load() if piece.key == "Cuxhaven"]
    cuxhaven = DataSource(name=first[0].name, unit=first[0].unit, time_interval=first[0].interval)
    write_all([cuxhaven], [(np.concatenate([p.times for p in first]), np.concatenate([p.values for p in first]))])
    brest = DataSource(name="Brest", unit="m", time_interval="1h")
    brest.write(loader_from_json({"name": "tides", "harbours": ["Brest"]}))
    found["points"] = [len(cuxhaven.read()[0]), len(brest.read()[0])]
    found["wanted"] = sum(len(piece.times) for piece in loader.load(Wanted(("Brest",), 0, 30 * 3_600_000_000_000)))

    # An adapter, a network and a format: three members.
    preparation = brest.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)
    data_set = preparation.create_set(adapter_from_json({"name": "summary", "lag": 6}))
    research = Project(name="Tides", data_source=brest).create_research("members", preparation)
    networks = [research.create_model(f"two paths {units}", NETWORKS["two-paths"](units)) for units in (2, 3)]
    means = research.create_model("means")
    for model in (*networks, means):
        model.data_set(data_set)
    entrainer.fit(networks, entrainer.Training(epochs=2), progress=False)
    means.save_object(SeasonalMeans([0.2, 0.5]))
    entrainer.predict(means)

    # A method.
    ensemble = Project.get(1).create_ensemble("trimmed_mean", models=[*networks, means])
    endirector.Conductor(ensemble).render()
    connector.close()

# Another session finds all of it.
with Connector(*urls) as connector:
    ensemble = Ensemble.get(1)
    members = np.column_stack([model.forecasts("test")["value"] for model in ensemble.models()])
    combined = ensemble.forecasts("test")["value"].to_numpy()

    # A sink.
    sink = sink_from_json({"name": "json-folder", "folder": str(folder / "out")})
    given = [deliver(ensemble.forecasts("test"), sink).is_new for _ in range(2)]
    found["sink"] = [*given, len([*(folder / "out").iterdir()])]

    found["method"] = bool(np.allclose(combined, np.sort(members, axis=1)[:, 1]))
    endirector.Conductor(ensemble).verify()
    found["network"] = Model.get(1).network
    found["layers"] = len(Model.get(1).load_object().layers)
    found["format"] = [Model.get(3).object_format, Model.get(3).load_object().means]
    found["adapter"] = Model.get(1).data_set().adapter
    found["stores"] = [str(connector.series).split(":")[0], str(connector.objects).split(":")[0]]
    connector.close()
print(json.dumps(found))
