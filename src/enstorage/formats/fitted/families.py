"""The layouts of the estimators of scikit-learn that forecasts are made with; see `layouts`."""

_REGRESSION = "coef_ F; intercept_ .|1 / coef_ T,F; intercept_ T|."
_CLASSIFICATION = "coef_ D,F; intercept_ D|. / coef_ C,F; intercept_ C|. / coef_ F; intercept_ 1|."
_PARTIAL_LEAST_SQUARES = (
    "_x_mean F; _x_std F; _y_mean T; _y_std T; coef_ T,F; intercept_ T; x_weights_ F,K; x_loadings_ F,K; x_rotations_ F,K; "
    "y_weights_ T,K; y_loadings_ T,K; y_rotations_ T,K"
)
_DECOMPOSITION = "components_ K,F; mean_? F"
_NONNEGATIVE = "components_ K,F; n_components_ =K; _n_components? =K"
_SVM = (
    "support_ S; support_vectors_ S,F; dual_coef_ {0},S; intercept_ {1}; _dual_coef_ {0},S; _intercept_ {1}; "
    "_n_support {2}; _probA {3}; _probB {3}; _gamma .; class_weight_? C"
)

_LAYOUTS = {
    "ARDRegression BayesianRidge ElasticNet ElasticNetCV GammaRegressor HuberRegressor Lars LarsCV Lasso LassoCV LassoLars "
    "LassoLarsCV LassoLarsIC LinearRegression LinearSVR MultiTaskElasticNet MultiTaskElasticNetCV MultiTaskLasso "
    "MultiTaskLassoCV OrthogonalMatchingPursuit OrthogonalMatchingPursuitCV PassiveAggressiveRegressor PoissonRegressor "
    "QuantileRegressor Ridge RidgeCV SGDRegressor TheilSenRegressor TweedieRegressor": _REGRESSION,
    "LinearSVC LogisticRegression LogisticRegressionCV PassiveAggressiveClassifier Perceptron RidgeClassifier "
    "RidgeClassifierCV SGDClassifier": _CLASSIFICATION,
    "LinearDiscriminantAnalysis": "coef_ D,F; intercept_ D; xbar_? F; scalings_? F,K; means_ C,F",
    "QuadraticDiscriminantAnalysis": "means_ C,F; priors_ C; scalings_ [C]*; rotations_ [C]F,*",
    "CCA PLSCanonical PLSRegression": _PARTIAL_LEAST_SQUARES,
    "PLSSVD": "_x_mean F; _x_std F; _y_mean T; _y_std T; x_weights_ F,K; y_weights_ T,K",
    "SVC NuSVC": " / ".join(_SVM.format("R", "P", "C", probabilities) for probabilities in ("P", "0")),
    "SVR NuSVR OneClassSVM": " / ".join(_SVM.format("1", "1", "2", many) for many in ("1", "0")),
    "GaussianProcessRegressor": "X_train_ S,F; alpha_ S; L_ S,S; y_train_ S; _y_train_mean .|1; _y_train_std .|1 / "
    "X_train_ S,F; alpha_ S,T; L_ S,S; y_train_ S,T; _y_train_mean T; _y_train_std T",
    "KernelRidge": "X_fit_ S,F; dual_coef_ S|S,T",
    "DummyRegressor": "constant_ 1,O",
    "DummyClassifier": "class_prior_ C / class_prior_ [O]*",
    "BernoulliNB MultinomialNB": "feature_log_prob_ C,F~; class_log_prior_ C~",
    "ComplementNB": "feature_log_prob_ C,F~; class_log_prior_ C~; feature_all_ F",
    "CategoricalNB": "feature_log_prob_ [F]C,*~; class_log_prior_ C~; n_categories_ F",
    "GaussianNB": "theta_ C,F; var_ C,F; class_prior_ C",
    "NearestCentroid": "centroids_ C,F; within_class_std_dev_? F; class_prior_? C; deviations_? C,F",
    "LabelPropagation LabelSpreading": "X_ S,F; label_distributions_ S,C",
    "MLPRegressor MLPClassifier": "n_layers_ .; coefs_ [L]*,*; intercepts_ [L]*",
    "KNeighborsRegressor RadiusNeighborsRegressor": "_fit_X S,F; _y S|S,T; n_samples_fit_ =S",
    "KNeighborsClassifier RadiusNeighborsClassifier": "_fit_X S,F; _y S<C; n_samples_fit_ =S / "
    "_fit_X S,F; _y S,T; classes_ [T]*~; n_samples_fit_ =S",
    "KNeighborsTransformer NearestNeighbors RadiusNeighborsTransformer": "_fit_X S,F; n_samples_fit_ =S",
    "DecisionTreeClassifier DecisionTreeRegressor ExtraTreeClassifier ExtraTreeRegressor": "n_outputs_ .",
    "ExtraTreesClassifier ExtraTreesRegressor IsolationForest RandomForestClassifier RandomForestRegressor "
    "RandomTreesEmbedding": "n_features_in_ .",
    "GradientBoostingClassifier GradientBoostingRegressor": "n_features_in_ .",
    "AdaBoostClassifier AdaBoostRegressor": "estimator_weights_ E; estimator_errors_ E~",
    "BaggingClassifier BaggingRegressor": "n_features_in_ .; estimators_features_ [E]*<F",
    "OutputCodeClassifier": "code_book_ C,E",
    "ClassifierChain RegressorChain FixedThresholdClassifier GridSearchCV HalvingGridSearchCV HalvingRandomSearchCV "
    "MultiOutputClassifier MultiOutputRegressor OneVsOneClassifier OneVsRestClassifier Pipeline RANSACRegressor "
    "RandomizedSearchCV SelfTrainingClassifier StackingClassifier StackingRegressor TransformedTargetRegressor "
    "TunedThresholdClassifierCV VotingClassifier VotingRegressor ColumnTransformer FeatureUnion": "",
    # What is put before them.
    "AdditiveChi2Sampler Binarizer FunctionTransformer LabelBinarizer LabelEncoder MultiLabelBinarizer Normalizer "
    "PolynomialFeatures SelectFromModel": "",
    "StandardScaler": "mean_? F~; scale_? F~; var_? F~",
    "MinMaxScaler": "scale_ F~; min_ F~; data_min_ F~; data_max_ F~; data_range_ F~",
    "MaxAbsScaler": "scale_ F~; max_abs_ F~",
    "RobustScaler": "center_? F~; scale_? F~",
    "PowerTransformer": "lambdas_ F~",
    "QuantileTransformer": "references_ Q; quantiles_ Q,F~; n_quantiles_ =Q",
    "IncrementalPCA PCA": "components_ K,F; mean_? F; explained_variance_ K; singular_values_ K; n_components_ =K",
    "DictionaryLearning GaussianRandomProjection MiniBatchDictionaryLearning MiniBatchSparsePCA "
    "NeighborhoodComponentsAnalysis SparsePCA SparseRandomProjection TruncatedSVD": _DECOMPOSITION,
    "FactorAnalysis": "components_ K,F; mean_ F; noise_variance_ F",
    "FastICA": "components_ K,F; mean_? F; mixing_ F,K; whitening_? K,F",
    "MiniBatchNMF NMF": _NONNEGATIVE,
    "LatentDirichletAllocation": "components_ K,F; exp_dirichlet_component_ K,F; doc_topic_prior_ .; topic_word_prior_ .",
    "BernoulliRBM": "components_ K,F; intercept_hidden_ K; intercept_visible_ F",
    "KernelPCA": "eigenvalues_ K; eigenvectors_ S,K; X_fit_ S,F",
    "KernelCenterer": "K_fit_rows_ F; K_fit_all_ .",
    "Nystroem": "components_ M,F; normalization_ M,M; component_indices_ M",
    "RBFSampler SkewedChi2Sampler": "random_weights_ F,K; random_offset_ K",
    "Isomap": "dist_matrix_ S,S; embedding_ S,K; n_components =K",
    "LocallyLinearEmbedding": "embedding_ S,K; n_components =K",
    "KMeans MiniBatchKMeans": "cluster_centers_ K,F",
    "KNNImputer": "_fit_X S,F~; _mask_fit_X S,F; _valid_mask F",
    "MissingIndicator": "features_ *<F",
    "OneHotEncoder OrdinalEncoder": "categories_ [F]*~",
    "TargetEncoder": "categories_ [F]*~; encodings_ [*]*~; target_mean_ .|C",
    "TfidfTransformer": "idf_? F",
    "VarianceThreshold": "variances_ F~",
    "RFE RFECV": "support_ F; ranking_ F",
    "PolynomialCountSketch": "indexHash_ N,F<K; bitHash_ N,F; n_components =K; degree =N",
    "SequentialFeatureSelector": "support_ F",
}

LAYOUTS = {name: layouts for names, layouts in _LAYOUTS.items() for name in names.split()}
"""By the names of classes. An estimator that is none of these cannot be checked."""
