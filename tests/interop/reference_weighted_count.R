# Reference values for limits of weighted counts (`core/calibration/weighted_count.rs`), from R's own quantiles.
#
# Usage: Rscript tests/interop/reference_weighted_count.R
limits <- function(w, largest) {
  y <- sum(w); v <- sum(w^2); yy <- y + largest; vv <- v + largest^2
  c(v / (2 * y) * qchisq(0.025, 2 * y^2 / v), vv / (2 * yy) * qchisq(0.975, 2 * yy^2 / vv))
}
share <- function(found, f, missed, m) {
  a <- f[2] * (2 * found - f[2]); b <- f[1] * (2 * found - f[1]); p <- found * missed
  low <- (p - sqrt(p^2 - m[1] * (2 * missed - m[1]) * a)) / a
  high <- (p + sqrt(p^2 - m[2] * (2 * missed - m[2]) * b)) / b
  c(1 / (1 + high), 1 / (1 + low))
}
cat(R.version.string, "\n")
all <- c(limits(c(1, 1, 1), 1), limits(c(6.5, 12, 48, 6.5), 48), limits(20, 25),
         share(108, limits(rep(1.2, 90), 1.2), 60, limits(rep(30, 2), 30)))
cat(sprintf("%.15g", all), sep = "\n")
