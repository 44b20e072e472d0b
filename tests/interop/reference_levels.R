# Reference values for refitted points (`preventio model refit`) from other people's programs.
#
# Usage: Rscript tests/interop/reference_levels.R fixtures/evaluate > fixtures/reference/levels-r.tsv
# Debian: apt-get install --no-install-recommends r-base-core r-cran-survey
suppressPackageStartupMessages(library(survey))
folder <- commandArgs(trailingOnly = TRUE)[1]
cat("# Rscript tests/interop/reference_levels.R fixtures/evaluate\n")
cat("#", R.version.string, "survey", as.character(packageVersion("survey")), "\n")
cat("table\tmeasure\tvalue\n")
say <- function(table, measure, value) {
  stopifnot(length(value) == 1)
  cat(table, measure, sprintf("%.17g", value), sep = "\t"); cat("\n")
}
tight <- glm.control(epsilon = 1e-14, maxit = 100)
d <- read.csv(file.path(folder, "levels.csv"))
p <- c(2, 3, 2, 3, 5)
f <- y ~ a1 + a2 + b1 + c1 + c2
X <- model.matrix(f, d)
refit <- function(name, w, cov, info, b) {
  k <- length(p); free <- 2:(k + 1)
  V <- cov[free, free]; W <- solve(V); I <- solve(solve(info)[free, free])
  gls <- drop(t(p) %*% W %*% b[free]) / drop(t(p) %*% W %*% p)
  Q <- drop(t(b[free] - gls * p) %*% W %*% (b[free] - gls * p))
  # Least absolute deviations, in standard errors: the best line goes through one of the levels.
  ratios <- b[free] / p
  s <- ratios[[which.min(sapply(ratios, function(r) sum(abs(b[free] - r * p) / sqrt(diag(V)))))]]
  off <- b[free] - s * p
  tau2 <- (drop(t(off) %*% W %*% off) - k + 1) / sum(diag(W - W %*% p %*% t(p) %*% W / drop(t(p) %*% W %*% p)))
  strength <- sum(diag(V %*% I)) / k / tau2
  loss <- function(g) { eta <- drop(X %*% g); -sum(w * (d$y * eta - log1p(exp(eta)))) + strength / 2 * sum((g[free] - s * p)^2) }
  slope <- function(g) { mu <- plogis(drop(X %*% g)); -drop(t(X) %*% (w * (d$y - mu))) + strength * c(0, g[free] - s * p) }
  g <- optim(b, loss, slope, method = "BFGS", control = list(reltol = 1e-15, maxit = 1000))$par
  # To the last digit, from where optim stopped.
  for (i in 1:5) { mu <- plogis(drop(X %*% g)); g <- g - solve(t(X) %*% (X * (w * mu * (1 - mu))) + strength * diag(c(0, rep(1, k))), slope(g)) }
  say(name, "per point", s); say(name, "statistic", Q); say(name, "p", pchisq(Q, k - 1, lower.tail = FALSE))
  say(name, "spread", sqrt(tau2) / s)
  z <- qnorm(0.975)
  for (j in 1:k) {
    se <- sqrt(V[j, j])
    say(name, paste0("alone ", j), b[free][j] / s)
    say(name, paste0("alone ", j, ".lower"), (b[free][j] - z * se) / s)
    say(name, paste0("alone ", j, ".upper"), (b[free][j] + z * se) / s)
    say(name, paste0("drawn ", j), g[free][j] / s)
  }
}
# The covariance rests on the weights of the step before the last; a second fit has them exact.
plain <- glm(f, family = binomial, data = d, control = tight)
plain <- glm(f, family = binomial, data = d, control = tight, start = coef(plain))
refit("plain", rep(1, nrow(d)), vcov(plain), solve(vcov(plain)), coef(plain))
s <- svydesign(ids = ~1, weights = ~w, data = d)
fit <- function(b) do.call(svyglm, list(f, design = s, family = quasibinomial, control = tight, start = b))
weighted <- fit(coef(fit(NULL)))
mu <- plogis(drop(X %*% coef(weighted)))
refit("weights", d$w, vcov(weighted), t(X) %*% (X * (d$w * mu * (1 - mu))), coef(weighted))
