package geom

import "math"

// maxDegree is the largest degree that realRoots takes: the ten essential
// matrices of five points.
const maxDegree = 10

// horner returns the value of sum c[k] x^k.
func horner(c []float64, x float64) float64 {
	y := 0.0
	for k := len(c) - 1; k >= 0; k-- {
		y = y*x + c[k]
	}
	return y
}

// realRoots writes the real roots of sum c[k] x^k into roots, and returns how
// many there are. Roots beyond 1 are sought as roots of the reversed
// polynomial in 1/x, so that no bound on the roots is needed. A double root
// that rounding lifts off the axis is not found.
func realRoots(c []float64, roots *[maxDegree]float64) int {
	var rev [maxDegree + 1]float64
	for k := range c {
		rev[k] = c[len(c)-1-k]
	}
	n := rootsInUnit(c, roots, 0)
	inner := n
	n = rootsInUnit(rev[:len(c)], roots, n)
	for i := inner; i < n; {
		if w := roots[i]; w != 0 && math.Abs(w) < 1 {
			roots[i] = 1 / w
			i++
			continue
		}
		n--
		roots[i] = roots[n]
	}
	return n
}

// rootsInUnit appends the roots in [-1, 1] after the first n and returns the new
// count. Between two neighbouring roots of the derivative a polynomial is
// monotonic and has at most one root; so the derivatives are solved from the
// linear one upwards.
func rootsInUnit(c []float64, roots *[maxDegree]float64, n int) int {
	var d [maxDegree + 1][maxDegree + 1]float64
	deg := len(c) - 1
	copy(d[deg][:], c)
	for m := deg; m > 1; m-- {
		for k := 1; k <= m; k++ {
			d[m-1][k-1] = float64(k) * d[m][k]
		}
	}
	var crit, next [maxDegree]float64
	nc := 0
	for m := 1; m <= deg; m++ {
		p, dp := d[m][:m+1], d[m-1][:m]
		if m == 1 {
			dp = nil
		}
		nn := 0
		lo, flo := -1.0, horner(p, -1)
		for i := 0; i <= nc; i++ {
			hi := 1.0
			if i < nc {
				hi = crit[i]
			}
			fhi := horner(p, hi)
			if (flo < 0) != (fhi < 0) && nn < len(next) {
				next[nn] = bracketedNewton(p, dp, lo, hi, flo)
				nn++
			}
			lo, flo = hi, fhi
		}
		crit, nc = next, nn
	}
	for i := 0; i < nc && n < len(roots); i++ {
		roots[n] = crit[i]
		n++
	}
	return n
}

// bracketedNewton returns the root of p in [lo, hi], where p changes sign, by
// Newton steps that fall back to bisection when they leave the bracket. dp is
// the derivative of p; nil says that p is linear.
func bracketedNewton(p, dp []float64, lo, hi, flo float64) float64 {
	if dp == nil {
		return -p[0] / p[1]
	}
	x := (lo + hi) / 2
	for range 100 {
		f := horner(p, x)
		if (f < 0) == (flo < 0) {
			lo = x
		} else {
			hi = x
		}
		next := x - f/horner(dp, x)
		if !(next > lo && next < hi) {
			next = (lo + hi) / 2
		}
		if math.Abs(next-x) <= 1e-16*(1+math.Abs(x)) {
			return next
		}
		x = next
	}
	return x
}

// cubicRoot returns the real root of x^3 + b x^2 + c x + d that lies furthest
// from the inflexion: always a simple root unless all three coincide.
func cubicRoot(b, c, d float64) float64 {
	p := c - b*b/3
	q := b*(2*b*b/27-c/3) + d
	disc := q*q/4 + p*p*p/27
	var t float64
	if disc < 0 {
		m := 2 * math.Sqrt(-p/3)
		arg := math.Min(1, 3*math.Abs(q)/(-p*m))
		t = -math.Copysign(m*math.Cos(math.Acos(arg)/3), q)
	} else {
		u := -math.Cbrt(q/2 + math.Copysign(math.Sqrt(disc), q))
		if u != 0 {
			t = u - p/(3*u)
		}
	}
	x := t - b/3
	for range 3 { // removes the cancellation of the closed form
		f, df := ((x+b)*x+c)*x+d, (3*x+2*b)*x+c
		if df == 0 {
			break
		}
		x -= f / df
	}
	return x
}
