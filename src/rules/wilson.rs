//! The Wilson score interval: what a share seen in few samples says about the true one, to who looks once.

/// The one-sided bounds on the true share, having seen `hits` of `samples`, at z standard deviations: (lower, upper).
/// Without samples anything is possible.
pub fn bounds(hits: u64, samples: u64, z: f64) -> (f64, f64) {
    if samples == 0 {
        return (0.0, 1.0);
    }
    let n = samples as f64;
    let share = hits as f64 / n;
    let z2 = z * z;
    let centre = share + z2 / (2.0 * n);
    let spread = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    // At the ends the formula gives exactly 0 and 1, but for rounding.
    let lower = if hits == 0 { 0.0 } else { (centre - spread) / scale };
    let upper = if hits == samples { 1.0 } else { (centre + spread) / scale };
    (lower.max(0.0), upper.min(1.0))
}

/// The z of a one-sided confidence between 0.5 and 1: the quantile of the normal distribution. Acklam's rational
/// approximation, within 1.15e-9 of the exact one.
pub fn z_of(confidence: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969683028665376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.38357751867269e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 5] =
        [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 4] = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
    /// Where the central approximation ends and that of the tail begins.
    const TAIL: f64 = 1.0 - 0.02425;
    let polynomial =
        |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient);
    if confidence <= TAIL {
        let q = confidence - 0.5;
        let r = q * q;
        polynomial(&A, r) * q / (polynomial(&B, r) * r + 1.0)
    } else {
        let q = (-2.0 * (1.0 - confidence).ln()).sqrt();
        -polynomial(&C, q) / (polynomial(&D, q) * q + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn z_of_usual_confidences() {
        for (confidence, z) in [
            (0.5, 0.0),
            (0.9, 1.281_551_566),
            (0.95, 1.644_853_627),
            (0.975, 1.959_963_985),
            (0.99, 2.326_347_874),
            (0.999, 3.090_232_306),
        ] {
            assert!((z_of(confidence) - z).abs() < 1e-7, "{confidence}");
        }
    }

    /// Values worked out by hand from the formula, and the textbook case of 10 of 10 at two-sided 95 %.
    #[test]
    fn bounds_against_known_values() {
        let near = |a: f64, b: f64| (a - b).abs() < 5e-5;
        let z = z_of(0.975);
        assert!(near(bounds(10, 10, z).0, 0.7225));
        assert!(near(bounds(0, 10, z).1, 0.2775));
        assert!(near(bounds(50, 100, z).0, 0.4038) && near(bounds(50, 100, z).1, 0.5962));
        let z = z_of(0.95);
        assert!(near(bounds(4, 22, z).0, 0.0844));
        assert!(near(bounds(1, 1, z).0, 0.2699));
        assert_eq!(bounds(0, 0, z), (0.0, 1.0));
    }

    #[test]
    fn bounds_hold_the_share_and_narrow_with_samples() {
        let z = z_of(0.95);
        let mut last_width = 2.0;
        for samples in [5, 10, 100, 1_000, 100_000] {
            let (lower, upper) = bounds(samples / 5, samples, z);
            assert!(lower < 0.2 && 0.2 < upper && upper - lower < last_width);
            last_width = upper - lower;
        }
    }
}
