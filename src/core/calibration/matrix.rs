//! Small symmetric systems, solved by Cholesky's method.

use super::limits::PIVOT;

pub(super) type Square<const K: usize> = [[f64; K]; K];

/// The lower factor `L` with `L Lᵀ = a`, or nothing when a column is spanned by the others.
fn factor<const K: usize>(a: &Square<K>) -> Option<Square<K>> {
    let mut l = [[0.0; K]; K];
    for i in 0..K {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| l[i][k] * l[j][k]).sum();
            let rest = a[i][j] - dot;
            if i == j {
                // A pivot lost to cancellation: its digits are noise.
                if rest.is_nan() || rest <= PIVOT * a[i][i] {
                    return None;
                }
                l[i][i] = rest.sqrt();
            } else {
                l[i][j] = rest / l[j][j];
            }
        }
    }
    Some(l)
}

/// Solves `a x = b` for a positive definite `a`.
pub(super) fn solve<const K: usize>(a: &Square<K>, b: &[f64; K]) -> Option<[f64; K]> {
    let l = factor(a)?;
    let mut x = *b;
    for i in 0..K {
        let dot: f64 = (0..i).map(|k| l[i][k] * x[k]).sum();
        x[i] = (x[i] - dot) / l[i][i];
    }
    for i in (0..K).rev() {
        let dot: f64 = (i + 1..K).map(|k| l[k][i] * x[k]).sum();
        x[i] = (x[i] - dot) / l[i][i];
    }
    Some(x)
}

/// The inverse of a positive definite matrix.
pub(super) fn inverse<const K: usize>(a: &Square<K>) -> Option<Square<K>> {
    let mut inverse = [[0.0; K]; K];
    for column in 0..K {
        let mut unit = [0.0; K];
        unit[column] = 1.0;
        let solved = solve(a, &unit)?;
        for row in 0..K {
            inverse[row][column] = solved[row];
        }
    }
    Some(inverse)
}

/// `a b a` for symmetric `a`: the sandwich.
pub(super) fn sandwich<const K: usize>(a: &Square<K>, b: &Square<K>) -> Square<K> {
    product(&product(a, b), a)
}

fn product<const K: usize>(a: &Square<K>, b: &Square<K>) -> Square<K> {
    let mut c = [[0.0; K]; K];
    for (row, target) in a.iter().zip(&mut c) {
        for (j, cell) in target.iter_mut().enumerate() {
            *cell = row.iter().zip(b).map(|(x, other)| x * other[j]).sum();
        }
    }
    c
}

/// `xᵀ a x`.
pub(super) fn quadratic<const K: usize>(a: &Square<K>, x: &[f64; K]) -> f64 {
    let inner = |row: &[f64; K]| row.iter().zip(x).map(|(a, b)| a * b).sum::<f64>();
    a.iter().zip(x).map(|(row, b)| b * inner(row)).sum()
}
