/*
 * registry.h - the models there are: one line each, private to model/.
 */
#ifndef MODEL_REGISTRY_H
#define MODEL_REGISTRY_H

struct model_ops;

extern const struct model_ops baseline_ops;
extern const struct model_ops co_clustering_ops;
extern const struct model_ops fields_ops;
extern const struct model_ops knn_baseline_ops;
extern const struct model_ops knn_means_ops;
extern const struct model_ops knn_ops;
extern const struct model_ops knn_zscore_ops;
extern const struct model_ops nmf_ops;
extern const struct model_ops normal_ops;
extern const struct model_ops popular_ops;
extern const struct model_ops random_ops;
extern const struct model_ops slope_one_ops;
extern const struct model_ops svd_ops;
extern const struct model_ops svdpp_ops;

#endif
