# Reference values for recalibration (`preventio learn`) from other people's programs.
#
# Usage: Rscript tests/interop/reference_recalibration.R fixtures/evaluate > fixtures/reference/recalibration-r.tsv
# Debian: apt-get install --no-install-recommends r-base-core r-cran-survey
suppressPackageStartupMessages(library(survey))
folder <- commandArgs(trailingOnly = TRUE)[1]
z <- qnorm(0.975)
cat("# Rscript tests/interop/reference_recalibration.R fixtures/evaluate\n")
cat("#", R.version.string, "survey", as.character(packageVersion("survey")), "\n")
cat("table\tmeasure\tvalue\n")
say <- function(table, measure, value) {
  stopifnot(length(value) == 1)
  cat(table, measure, sprintf("%.17g", value), sep = "\t"); cat("\n")
}
wald <- function(table, measure, e, se) {
  say(table, measure, e); say(table, paste0(measure, ".lower"), e - z * se); say(table, paste0(measure, ".upper"), e + z * se)
}
tight <- glm.control(epsilon = 1e-14, maxit = 100)
# The covariance rests on the weights of the step before the last; a second fit has them exact.
twice <- function(fit) { first <- fit(NULL); fit(coef(first)) }
read <- function(name) { d <- read.csv(file.path(folder, paste0(name, ".csv"))); d$lp <- qlogis(d$p); d }

plain <- function(name) {
  d <- read(name)
  line <- twice(function(s) glm(y ~ lp, family = binomial, data = d, control = tight, start = s))
  shift <- twice(function(s) glm(y ~ offset(lp), family = binomial, data = d, control = tight, start = s))
  none <- -2 * sum(d$y * d$lp - log1p(exp(d$lp)))
  wald(name, "intercept", coef(line)[[1]], sqrt(vcov(line)[1, 1])); wald(name, "slope", coef(line)[[2]], sqrt(vcov(line)[2, 2]))
  wald(name, "shift", coef(shift)[[1]], sqrt(vcov(shift)[1, 1]))
  original <- none - deviance(line); intercept <- deviance(shift) - deviance(line)
  say(name, "original statistic", original); say(name, "original p", pchisq(original, 2, lower.tail = FALSE))
  say(name, "intercept statistic", intercept); say(name, "intercept p", pchisq(intercept, 1, lower.tail = FALSE))
}
weighted <- function(name) {
  d <- read(name); s <- svydesign(ids = ~1, weights = ~w, data = d)
  line <- twice(function(b) do.call(svyglm, list(y ~ lp, design = s, family = quasibinomial, control = tight, start = b)))
  shift <- twice(function(b) do.call(svyglm, list(y ~ offset(lp), design = s, family = quasibinomial, control = tight, start = b)))
  wald(name, "intercept", coef(line)[[1]], SE(line)[[1]]); wald(name, "slope", coef(line)[[2]], SE(line)[[2]])
  wald(name, "shift", coef(shift)[[1]], SE(shift)[[1]])
  off <- coef(line) - c(0, 1)
  original <- drop(t(off) %*% solve(vcov(line)) %*% off); intercept <- off[[2]]^2 / vcov(line)[2, 2]
  say(name, "original statistic", original); say(name, "original p", pchisq(original, 2, lower.tail = FALSE))
  say(name, "intercept statistic", intercept); say(name, "intercept p", pchisq(intercept, 1, lower.tail = FALSE))
}
plain("ordinary"); weighted("weights")
