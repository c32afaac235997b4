/*
 * logistic.h - 1 / (1 + e^-x), with the same bits on every machine.
 *
 * The C library's exp() may differ in the last bit from one machine to the
 * next. This one is made of additions and multiplications in a fixed order: a
 * model that learns from its own answers stays the same model everywhere.
 */
#ifndef MODEL_LOGISTIC_H
#define MODEL_LOGISTIC_H

/* For -700 <= x <= 700; the relative error is below 1e-15. */
double logistic(double x);

#endif
