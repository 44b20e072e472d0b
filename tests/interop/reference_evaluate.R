# Reference values for `preventio evaluate` from other people's programs.
#
# Usage: Rscript tests/interop/reference_evaluate.R FIXTURES > fixtures/reference/evaluate-r.tsv
# Debian: apt-get install --no-install-recommends r-base-core r-cran-rms r-cran-proc r-cran-riskregression r-cran-survey
suppressPackageStartupMessages({
  library(pROC); library(rms); library(survey); library(survival); library(riskRegression)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
z <- qnorm(0.975)
cat("# Rscript tests/interop/reference_evaluate.R fixtures/evaluate\n")
cat("#", R.version.string, paste(sapply(
  c("pROC", "rms", "Hmisc", "survey", "survival", "riskRegression"),
  function(p) paste(p, packageVersion(p))), collapse = ", "), "\n")
cat("table\tmeasure\tvalue\n")
say <- function(table, measure, value) {
  stopifnot(length(value) == 1)
  cat(table, measure, sprintf("%.17g", value), sep = "\t"); cat("\n")
}
say3 <- function(table, measure, e, l, u) {
  say(table, measure, e); say(table, paste0(measure, ".lower"), l); say(table, paste0(measure, ".upper"), u)
}
read <- function(name) read.csv(file.path(folder, paste0(name, ".csv")))
tight <- glm.control(epsilon = 1e-14, maxit = 100)
# The covariance of a `glm` rests on the weights of the step before the last; a second fit from the
# first one's coefficients has them exact.
twice <- function(fit, ...) { first <- fit(start = NULL, ...); fit(start = coef(first), ...) }
fit_glm <- function(formula, ...) twice(function(start, ...) do.call(glm, list(formula, family = binomial, control = tight, start = start, ...)), ...)
fit_svy <- function(formula, design, ...) twice(function(start, ...) do.call(svyglm, list(formula, design = design, family = quasibinomial, control = tight, start = start, ...)), ...)
wald <- function(table, measure, e, se) say3(table, measure, e, e - z * se, e + z * se)

places <- c(0.05, 0.1, 0.2, 0.3, 0.5)

binary <- function(name) {
  d <- read(name); p <- d$p; y <- d$y; lp <- qlogis(p); n <- nrow(d)
  say(name, "n", n); say(name, "events", sum(y))
  r <- roc(y, p, quiet = TRUE, direction = "<")
  ci <- as.numeric(ci.auc(r, method = "delong"))
  say3(name, "auroc", as.numeric(auc(r)), ci[1], ci[3]); say(name, "auroc.variance", var(r, method = "delong"))
  large <- fit_glm(y ~ offset(lp))
  wald(name, "calibration_in_the_large", coef(large)[[1]], sqrt(vcov(large)[1, 1]))
  slope <- fit_glm(y ~ lp)
  wald(name, "slope", coef(slope)[[2]], sqrt(vcov(slope)[2, 2])); say(name, "slope.intercept", coef(slope)[[1]])
  # rms agrees on what it prints; it is less exact than glm with a tight epsilon.
  v <- val.prob(p, y, pl = FALSE)
  say(name, "rms.slope", v[["Slope"]]); say(name, "rms.brier", v[["Brier"]]); say(name, "rms.auroc", v[["C (ROC)"]])
  oe <- sum(y) / sum(p); se <- sqrt((1 - mean(y)) / sum(y))
  say3(name, "o_e", oe, oe * exp(-z * se), oe * exp(z * se))
  e <- (p - y)^2; wald(name, "brier", mean(e), sqrt(var(e) / n))
  say(name, "scaled_brier", 1 - mean(e) / (mean(y) * (1 - mean(y))))
  for (t in c(0.1, 0.3)) {
    f <- p >= t; key <- function(m) sprintf("threshold %g %s", t, m)
    w <- function(m, x, k) if (k > 0) { q <- suppressWarnings(prop.test(x, k, correct = FALSE)); say3(name, key(m), x / k, q$conf.int[1], q$conf.int[2]) }
    w("ppv", sum(y[f]), sum(f)); w("npv", sum(1 - y[!f]), sum(!f)); w("flagged_share", sum(f), n)
    w("sensitivity", sum(f[y == 1]), sum(y)); w("specificity", sum(!f[y == 0]), sum(1 - y))
    g <- f * (y - (1 - y) * t / (1 - t)); wald(name, key("net_benefit"), mean(g), sqrt(var(g) / n))
    a <- y - (1 - y) * t / (1 - t); wald(name, key("net_benefit_treat_all"), mean(a), sqrt(var(a) / n))
  }
}

indices <- function(name, smoother, p, fitted) {
  d <- abs(p - fitted)
  say(name, paste(smoother, "ici"), mean(d)); say(name, paste(smoother, "e50"), median(d))
  say(name, paste(smoother, "e90"), quantile(d, 0.9)[[1]]); say(name, paste(smoother, "emax"), max(d))
}

curves <- function(name, nk) {
  d <- read(name); p <- d$p; y <- d$y; lp <- qlogis(p)
  l <- loess(y ~ p, control = loess.control(surface = "direct"))
  indices(name, "loess", p, predict(l))
  inside <- places[places >= min(p) & places <= max(p)]
  for (x in inside) say(name, sprintf("loess at %g", x), predict(l, data.frame(p = x)))
  knots <- attr(rcspline.eval(lp, nk = nk, knots.only = FALSE), "knots")
  basis <- rcspline.eval(lp, knots = knots)
  s <- fit_glm(y ~ lp + basis)
  indices(name, "spline", p, fitted(s))
  for (x in inside) {
    c <- c(1, qlogis(x), rcspline.eval(qlogis(x), knots = knots)); eta <- sum(c * coef(s))
    se <- sqrt(drop(t(c) %*% vcov(s) %*% c))
    say3(name, sprintf("spline at %g", x), plogis(eta), plogis(eta - z * se), plogis(eta + z * se))
  }
  # The ladder: every rung against the flexible one, by likelihood ratio.
  original <- -2 * sum(dbinom(y, 1, p, log = TRUE))
  large <- fit_glm(y ~ offset(lp))
  slope <- fit_glm(y ~ lp)
  rung <- function(m, dev, df) {
    say(name, paste("ladder", m, "statistic"), dev - deviance(s))
    say(name, paste("ladder", m, "p"), pchisq(dev - deviance(s), df, lower.tail = FALSE))
  }
  rung("original", original, nk); rung("intercept", deviance(large), nk - 1); rung("slope", deviance(slope), nk - 2)
}

weighted <- function(name) {
  d <- read(name); d$lp <- qlogis(d$p); p <- d$p; y <- d$y; w <- d$w
  s <- svydesign(ids = ~1, weights = ~w, data = d)
  large <- fit_svy(y ~ offset(lp), s)
  wald(name, "calibration_in_the_large", coef(large)[[1]], SE(large)[[1]])
  slope <- fit_svy(y ~ lp, s)
  wald(name, "slope", coef(slope)[[2]], SE(slope)[[2]])
  r <- svyratio(~y, ~p, s); oe <- coef(r)[[1]]; se <- SE(r)[[1]] / oe
  say3(name, "o_e", oe, oe * exp(-z * se), oe * exp(z * se))
  s <- update(s, e = (p - y)^2); b <- svymean(~e, s); wald(name, "brier", coef(b)[[1]], SE(b)[[1]])
  # Brier and prevalence together, then the ratio by the delta method.
  m <- svymean(~e + y, s); sb <- svycontrast(m, quote(1 - e / (y * (1 - y))))
  wald(name, "scaled_brier", coef(sb)[[1]], SE(sb)[[1]])
  # An area is a ratio of pair counts; its variance here by the jackknife, which is not the same formula.
  area <- function(w) {
    o <- order(p); ww <- w[o]; yy <- y[o]; pp <- p[o]
    below <- sapply(which(yy == 1), function(i) sum(ww[yy == 0 & pp < pp[i]]) + sum(ww[yy == 0 & pp == pp[i]]) / 2)
    sum(ww[yy == 1] * below) / sum(ww[yy == 1]) / sum(ww[yy == 0])
  }
  say(name, "auroc", area(w))
  jackknife <- sapply(seq_along(w), function(i) { v <- w; v[i] <- 0; area(v) })
  n <- length(w); say(name, "jackknife auroc.variance", (n - 1) / n * sum((jackknife - area(w))^2))
  for (t in c(0.1, 0.3)) {
    key <- function(m) sprintf("threshold %g %s", t, m)
    s <- update(s, f = as.numeric(p >= t), g = (p >= t) * (y - (1 - y) * t / (1 - t)))
    # Wilson at the size at which a binomial has the design variance.
    share <- function(m, design, formula) {
      x <- svymean(formula, design); q <- coef(x)[[1]]; size <- q * (1 - q) / SE(x)[[1]]^2
      ci <- suppressWarnings(prop.test(q * size, size, correct = FALSE)$conf.int); say3(name, key(m), q, ci[1], ci[2])
    }
    share("ppv", subset(s, f == 1), ~y); share("npv", subset(s, f == 0), ~I(1 - y)); share("flagged_share", s, ~f)
    share("sensitivity", subset(s, y == 1), ~f); share("specificity", subset(s, y == 0), ~I(1 - f))
    g <- svymean(~g, s); wald(name, key("net_benefit"), coef(g)[[1]], SE(g)[[1]])
  }
  # The spline's knots are weighted quantiles: the smallest value at which the cumulative weight reaches the share.
  o <- order(d$lp); cum <- cumsum(w[o]) / sum(w)
  knots <- sapply(c(0.05, 0.275, 0.5, 0.725, 0.95), function(q) d$lp[o][which(cum >= q)[1]])
  basis <- rcspline.eval(d$lp, knots = knots)
  s <- update(s, b1 = basis[, 1], b2 = basis[, 2], b3 = basis[, 3])
  m <- fit_svy(y ~ offset(lp) + lp + b1 + b2 + b3, s)
  for (x in places) {
    c <- c(1, qlogis(x), rcspline.eval(qlogis(x), knots = knots)); eta <- qlogis(x) + sum(c * coef(m))
    se <- sqrt(drop(t(c) %*% vcov(m) %*% c))
    say3(name, sprintf("spline at %g", x), plogis(eta), plogis(eta - z * se), plogis(eta + z * se))
  }
  rung <- function(label, k) {
    b <- coef(m)[k]; stat <- drop(t(b) %*% solve(vcov(m)[k, k]) %*% b)
    say(name, paste("ladder", label, "statistic"), stat)
    say(name, paste("ladder", label, "p"), pchisq(stat, length(k), lower.tail = FALSE))
  }
  rung("original", 1:5); rung("intercept", 2:5); rung("slope", 3:5)
}

survived <- function(name, horizon) {
  d <- read(name); if (is.null(d$c)) d$c <- 0
  status <- ifelse(d$y == 1, 1, ifelse(d$c == 1, 2, 0))
  if (all(d$c == 0)) {
    k <- summary(survfit(Surv(t, y) ~ 1, data = d, conf.type = "log-log"), times = horizon)
    say3(name, "observed", 1 - k$surv, 1 - k$upper, 1 - k$lower)
    formula <- Surv(t, y) ~ 1
  } else {
    k <- summary(survfit(Surv(t, factor(status, 0:2)) ~ 1, data = d, conf.type = "log"), times = horizon)
    say3(name, "observed", k$pstate[1, 2], k$lower[1, 2], k$upper[1, 2])
    d$status <- status; formula <- Hist(t, status) ~ 1
  }
  x <- Score(list(m = d$p), formula = formula, data = d, times = horizon, metrics = c("auc", "brier"),
             cens.model = "km", cause = 1, se.fit = TRUE, null.model = FALSE, conf.int = TRUE, censoring.save.memory = FALSE)
  say3(name, "brier", x$Brier$score$Brier, x$Brier$score$lower, x$Brier$score$upper)
  say3(name, "auroc", x$AUC$score$AUC, x$AUC$score$lower, x$AUC$score$upper)
}

for (name in c("ordinary", "ties", "rare")) binary(name)
curves("ordinary", 5); curves("rare", 4)
weighted("weights")
# Nobody of this table ends at 9.95: whoever is censored at the horizon itself counts as free of the
# event here, and as unknown in riskRegression.
survived("censored", 9.95); survived("competing", 10)
