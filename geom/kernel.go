package geom

import "math"

// KernelKind names a robust loss.
type KernelKind uint8

// The robust losses. The zero value is least squares.
const (
	L2     KernelKind = iota
	Huber             // quadratic below Delta, linear above (Huber 1964)
	Cauchy            // Delta^2 log(1 + s/Delta^2): re-descending, never zero
)

// Kernel is a robust loss rho(s) of a squared, whitened residual s = r^T r.
// Delta has the unit of r.
type Kernel struct {
	Kind  KernelKind
	Delta float64
}

// Eval returns rho(s) and its derivative rho'(s), the weight of iteratively
// re-weighted least squares; both are s and 1 for least squares.
func (k Kernel) Eval(s float64) (rho, weight float64) {
	d2 := k.Delta * k.Delta
	switch k.Kind {
	case Huber:
		if s <= d2 {
			return s, 1
		}
		r := math.Sqrt(s)
		return 2*k.Delta*r - d2, k.Delta / r
	case Cauchy:
		return d2 * math.Log1p(s/d2), 1 / (1 + s/d2)
	default:
		return s, 1
	}
}
