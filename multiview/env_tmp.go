package multiview

import (
	"os"
	"strconv"
)

func envf(name string, v float64) float64 {
	if s := os.Getenv(name); s != "" {
		v, _ = strconv.ParseFloat(s, 64)
	}
	return v
}
