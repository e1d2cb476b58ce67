"""Training stored models: what is stored, and what is refused."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import enstorage
import entrainer
from enstorage.adapter import Bins, Window
from enstorage.errors import InvalidInputError, NotFoundError
from entrainer.fitting.job import jobs_of
from entrainer.networks import MLP, EmbeddingClassifier, EmbeddingLSTM, Estimator, PaperLSTM

SMALL = PaperLSTM(units=(4, 5), dropout=0.1)
QUICK = entrainer.Training(epochs=3)


@pytest.fixture
def preparation(sunspots):
    return sunspots.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.1, 0.3)


@pytest.fixture
def research(sunspots, preparation):
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("LSTM", preparation)


def make(research, preparation, lag, network=SMALL):
    model = research.create_model(f"lag {lag}", network)
    model.data_set(preparation.create_set(Window(lag)))
    return model


def test_everything_that_comes_of_a_training_is_stored(research, preparation):
    models = [make(research, preparation, lag) for lag in (2, 4)]
    entrainer.fit(models, QUICK, seeds=[7, 8], progress=False)

    for model, seed in zip(enstorage.Model.get_list(), (7, 8), strict=True):
        facts = model.metas()
        assert facts["seed"] == seed
        assert facts["training"] == QUICK.to_json()
        assert facts["trained_on"] == ["train"]
        curves = model.curves()
        assert curves["step"].to_list() == [1, 2, 3]
        assert facts["epochs"] == 3
        assert facts["loss"] == curves["loss"][-1]
        assert facts["valid_loss"] == curves["valid_loss"][-1]
        assert facts["stopped"] is facts["trained_alone"] is None
        assert facts["seconds"] > 0
        assert set(facts["versions"]) == {"enstorage", "keras", "jax", "numpy", "scikit-learn"}
        assert sorted(model.forecasts()["part"].unique()) == ["test", "train", "valid"]


def test_forecasts_are_those_of_the_stored_object_in_source_units(research, preparation):
    model = make(research, preparation, 3)
    entrainer.fit([model], QUICK, progress=False)
    for part in ("train", "valid", "test"):
        id, X, _ = model.data_set().arrays(part)
        kept = model.forecasts(part)
        output = model.load_object().predict(X, verbose=0)[:, 0]
        assert kept["id"].to_list() == id.tolist()
        assert kept["value"].to_numpy() == pytest.approx(model.data_set().invert(output, part), rel=1e-5)


def test_predicting_again_from_the_object_gives_the_same_forecasts(research, preparation):
    model = make(research, preparation, 3)
    entrainer.fit([model], QUICK, progress=False)
    before = model.forecasts()["value"].to_numpy()
    assert entrainer.predict(model)["value"].to_numpy() == pytest.approx(before, rel=1e-5)


def test_the_same_seed_gives_the_same_model_whoever_is_beside_it(research, preparation):
    alone, together, beside = (make(research, preparation, lag) for lag in (3, 3, 5))
    entrainer.fit([alone], QUICK, seeds=1, progress=False)
    entrainer.fit([beside, together], QUICK, seeds=[2, 1], progress=False)
    for mine, theirs in zip(alone.load_object().get_weights(), together.load_object().get_weights(), strict=True):
        assert mine == pytest.approx(theirs, abs=1e-5)


def test_networks_of_different_shape_are_trained_in_one_call(research, preparation):
    models = [make(research, preparation, 3), make(research, preparation, 3, PaperLSTM(units=(3, 3), dropout=0.0))]
    entrainer.fit(models, QUICK, progress=False)
    assert [model.load_object().count_params() for model in models] == [
        PaperLSTM(units=units).build((3,)).count_params() for units in ((4, 5), (3, 3))
    ]


def test_a_monitor_is_told_of_each_chunk(research, preparation):
    told = []
    model = make(research, preparation, 3)
    entrainer.fit(
        model, QUICK, progress=False, monitor=lambda models, chunk: told.append((models, chunk.epochs, len(chunk.loss)))
    )
    assert told[-1] == ([model], 3, 1)


def test_a_monitor_that_is_given_as_progress_is_refused(research, preparation, store, census):
    model = make(research, preparation, 3)
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"called as progress\(what, done, total\)"):
        entrainer.fit(model, QUICK, progress=lambda models, chunk: None)
    with ThreadPoolExecutor() as executor, pytest.raises(InvalidInputError, match="a monitor and an executor"):
        entrainer.fit(model, QUICK, progress=False, monitor=lambda models, chunk: None, executor=executor)
    assert census(store) == before


def test_what_cannot_be_trained_is_refused_and_nothing_is_stored(research, preparation, store, census):
    good, bare = make(research, preparation, 3), research.create_model("no network")
    bare.data_set(good.data_set())
    without_set = research.create_model("no data set", SMALL)
    odd = research.create_model("odd", {"name": "paper-lstm", "layers": 3})
    odd.data_set(good.data_set())
    before = census(store)
    for models, seeds, kind, words in [
        ([good, bare], 0, InvalidInputError, "has nothing to train"),
        ([good, without_set], 0, NotFoundError, "has no data set"),
        ([good, odd], 0, InvalidInputError, "no parameter 'layers'"),
        ([good], [1, 2], InvalidInputError, "1 models need 1 seeds"),
        ([good], -1, InvalidInputError, "seed"),
    ]:
        with pytest.raises(kind, match=words):
            entrainer.fit(models, QUICK, seeds=seeds, progress=False)
    assert census(store) == before


def test_a_model_that_gives_too_many_values_is_refused(research, preparation, store, census):
    from sklearn.linear_model import LinearRegression

    model = make(research, preparation, 3)
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, np.column_stack([y, y])))
    before = census(store)
    with pytest.raises(InvalidInputError, match="output of shape"):
        entrainer.predict(model)
    assert census(store) == before


def test_curves_of_an_earlier_training_are_forgotten(research, preparation):
    model = make(research, preparation, 3)
    for epochs in (5, 2):
        entrainer.fit(model, entrainer.Training(epochs=epochs), progress=False)
    assert model.curves()["step"].to_list() == [1, 2]


def test_learning_rates_and_dropout_of_one_group_may_differ(research, preparation):
    rates, drops = (0.001, 0.01), (0.1, 0.4)
    models = [make(research, preparation, 3, PaperLSTM(units=(4, 5), dropout=drop)) for drop in drops]
    trainings = [entrainer.Training(epochs=3, learning_rate=rate) for rate in rates]
    groups = []
    entrainer.fit(models, trainings, progress=False, monitor=lambda models, chunk: groups.append(len(models)))
    assert set(groups) == {2}
    twin = make(research, preparation, 3, PaperLSTM(units=(4, 5), dropout=drops[1]))
    entrainer.fit(twin, trainings[1], progress=False)
    assert twin.meta("loss") == pytest.approx(models[1].meta("loss"), rel=1e-4)
    assert models[0].meta("loss") != pytest.approx(models[1].meta("loss"), rel=1e-2)
    assert twin.load_object().layers[2].rate == drops[1]


def test_row_weights_of_zero_leave_rows_out(research, preparation):
    whole, part = make(research, preparation, 3), make(research, preparation, 3)
    rows = len(whole.data_set().arrays("train")[0])
    weight = np.ones(rows)
    weight[rows // 2 :] = 0
    entrainer.fit([whole, part], QUICK, weights=[None, weight], progress=False)
    assert part.meta("loss") < whole.meta("loss")  # a mean over all rows, of which a half adds nothing
    with pytest.raises(InvalidInputError, match=rf"row weights of shape \(3,\); expected {rows} finite"):
        entrainer.fit(whole, QUICK, weights=[[1, 2, 3]], progress=False)


def test_an_interrupted_group_keeps_its_last_epochs_and_says_so(research, preparation):
    models = [make(research, preparation, lag) for lag in (2, 4)]

    def interrupt(models, chunk):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        entrainer.fit(models, entrainer.Training(epochs=1000), progress=False, monitor=interrupt)
    for model in models:
        assert model.meta("stopped") == "interrupted"
        assert model.meta("epochs") == model.curves().height < 1000
        assert model.has_forecasts()


def test_a_batch_larger_than_the_data_is_refused(research, preparation):
    model = make(research, preparation, 3)
    with pytest.raises(InvalidInputError, match=r"batch_size is 5000; DataSet.* has \d+ train rows. Take a batch_size"):
        entrainer.fit(model, entrainer.Training(batch_size=5000), progress=False)


def test_a_network_for_other_samples_is_refused_with_both_shapes(research, preparation):
    data = enstorage.DataSet.from_arrays(range(8), np.ones((8, 4, 4, 1)), np.arange(8.0), ["train"] * 8, "pictures")
    model = enstorage.Project.get(1).create_research("pictures").create_model("no pictures", SMALL)
    model.data_set(data)
    with pytest.raises(
        InvalidInputError, match=r"takes samples of shape \(lag,\).*received samples of shape \(4, 4, 1\)"
    ):
        entrainer.fit(model, QUICK, progress=False)


def test_words_that_a_network_does_not_know_are_refused(research):
    tokens = np.arange(32).reshape(8, 4)
    data = enstorage.DataSet.from_arrays(range(8), tokens, np.arange(8) % 2, ["train"] * 8, "texts")
    model = enstorage.Project.get(1).create_research("texts").create_model("texts", EmbeddingClassifier(words=31))
    model.data_set(data)
    with pytest.raises(InvalidInputError, match=r"has token ids up to 31; the network .* knows those below 31"):
        entrainer.fit(model, QUICK, progress=False)


def test_a_class_without_train_rows_is_refused(research):
    classes = np.eye(3)[[0, 0, 1, 1, 0, 1, 2, 2]]
    parts = ["train"] * 6 + ["test"] * 2
    data = enstorage.DataSet.from_arrays(range(8), np.ones((8, 4)), classes, parts, "classes")
    model = enstorage.Project.get(1).create_research("classes").create_model("classes", MLP(hidden=(4,), dropout=0.0))
    model.data_set(data)
    with pytest.raises(
        InvalidInputError, match=r"1 of 3 classes are missing in the train part.*: 2 \(counted from 0\)"
    ):
        entrainer.fit(model, entrainer.Training(epochs=1, loss="categorical_crossentropy"), progress=False)


@pytest.mark.parametrize(
    ("y", "loss", "activation"),
    [
        (np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]], "mse", "softmax"),
        (np.eye(3)[[0, 1, 2, 0, 1, 2, 0, 1]], "categorical_crossentropy", "softmax"),
        (np.arange(8) % 2, "binary_crossentropy", "sigmoid"),
        (np.arange(8.0), "mse", "linear"),
        (np.arange(16.0).reshape(8, 2), "mse", "linear"),
    ],
)
def test_a_network_ends_as_its_targets_want_and_says_nothing_of_it(research, y, loss, activation):
    data = enstorage.DataSet.from_arrays(range(8), np.ones((8, 4)), y, ["train"] * 8, "arrays")
    model = enstorage.Project.get(1).create_research("arrays").create_model("mlp", MLP((2,)))
    model.data_set(data)
    (job,) = jobs_of([model], entrainer.Training(loss=loss), 0, None)
    assert job.member.network.last_activation == activation
    assert model.network["last_activation"] is None


def test_a_network_of_classes_is_trained_to_probabilities(research, preparation):
    model = research.create_model("classes", MLP((2,)))
    model.data_set(preparation.create_set(Bins(Window(2), (50,))))
    entrainer.fit(model, QUICK, progress=False)
    assert model.load_object().layers[-1].activation.__name__ == "softmax"


def test_windows_are_values_also_where_they_look_like_classes(store):
    source = enstorage.DataSource(name="to and fro", time_interval="1y")
    source.write([f"{year}" for year in range(1900, 1930)], np.arange(30) % 2)
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.7, 0, 0.3)
    research = enstorage.Project(name="p", data_source=source).create_research("r", preparation)
    model = research.create_model("two steps", MLP((2,)))
    model.data_set(preparation.create_set(Window(2, horizon=2)))
    (job,) = jobs_of([model], QUICK, 0, None)
    assert set(job.member.y.sum(axis=1)) == {1}
    assert job.member.network.last_activation == "linear"


@pytest.mark.parametrize(
    ("ending", "loss", "words"),
    [("softmax", "mse", "its targets are values"), ("linear", "binary_crossentropy", "prob")],
)
def test_an_ending_that_cannot_fit_is_refused_before_anything_is_trained(research, preparation, ending, loss, words):
    model = make(research, preparation, 2, MLP((2,), last_activation=ending))
    with pytest.raises(InvalidInputError, match=rf"cannot be trained on DataSet.*{words}"):
        entrainer.fit(model, entrainer.Training(epochs=1, loss=loss), progress=False)
    assert model.object_sha256 is None


def test_models_of_two_stores_are_each_trained_on_their_own_data(tmp_path):
    """Both data sets are number 1 of their store."""
    models = []
    for number in (1, 2):
        with enstorage.Connector.in_folder(tmp_path / str(number)):
            source = enstorage.DataSource(name="s", time_interval="1y").save()
            source.write([f"{year}" for year in range(1900, 1920)], number * np.arange(20.0))
            preparation = source.create_snapshot().create_preparation("drop", "none", 0.7, 0, 0.3)
            research = enstorage.Project(name="p", data_source=source).save().create_research("r", preparation)
            models.append(make(research, preparation, 2, Estimator("LinearRegression")))
    entrainer.fit(models, progress=False)
    first, second = (model.forecasts("train")["value"].to_numpy() for model in models)
    np.testing.assert_allclose(second, 2 * first)
    for model in models:
        model.connector.close()


def test_an_estimator_is_fitted_with_row_weights(research, preparation):
    model = make(research, preparation, 2, Estimator("Ridge"))
    _, X, y = model.data_set().arrays("train")
    weights = np.arange(len(y), dtype=float)
    entrainer.fit(model, weights=[weights], progress=False)
    expected = Ridge(random_state=0).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(model.load_object().coef_, expected.coef_)


def test_row_weights_that_an_estimator_does_not_take_are_refused(research, preparation, store, census):
    models = [make(research, preparation, 2, Estimator(name)) for name in ("Ridge", "KNeighborsRegressor")]
    rows = len(models[0].data_set().arrays("train")[0])
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"is a KNeighborsRegressor, whose fit takes no sample_weight"):
        entrainer.fit(models, weights=[None, np.ones(rows)], progress=False)
    with pytest.raises(InvalidInputError, match=rf"has row weights of shape \(3,\); expected {rows} finite numbers"):
        entrainer.fit(models, weights=[np.ones(3), None], progress=False)
    assert census(store) == before


@pytest.mark.slow
def test_a_trained_embedding_is_taken_over_and_stays_as_it_is(research):
    tokens = np.random.default_rng(0).integers(0, 20, (40, 4))
    data = enstorage.DataSet.from_arrays(range(40), tokens, np.arange(40) % 2, ["train"] * 40, "texts")
    texts = enstorage.Project.get(1).create_research("texts")
    training = entrainer.Training(epochs=3, loss="binary_crossentropy", optimizer="adam", learning_rate=0.1)
    giver = texts.create_model("giver", EmbeddingClassifier(words=20, size=3))
    giver.data_set(data)
    entrainer.fit(giver, training, progress=False)
    taker = texts.create_model("taker", EmbeddingLSTM(words=20, size=3, units=(4,), embedding_of=giver.id))
    taker.data_set(data)
    entrainer.fit(taker, training, progress=False)
    own, taken = (model.load_object().get_layer("embedding").get_weights()[0] for model in (giver, taker))
    np.testing.assert_array_equal(own, taken)
    assert taker.curves()["loss"][-1] < taker.curves()["loss"][0]
    one, other = jobs_of([taker, taker], training, 0, None)
    assert one.member.frozen[0][1] is other.member.frozen[0][1]  # the giver was opened once
