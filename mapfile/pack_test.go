package mapfile

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestPack(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 1000, 1 << 20} {
		raw := make([]byte, n)
		for i := range raw {
			raw[i] = byte(8 * r.NormFloat64())
		}
		data, err := Pack(raw)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Unpack(data, n)
		if err != nil || !bytes.Equal(got, raw) {
			t.Errorf("%d bytes: %d came back, %v", n, len(got), err)
		}
		if n > 1000 && len(data) > n*3/4 {
			t.Errorf("%d bytes of 5 bits packed into %d", n, len(data))
		}
		if _, err := Unpack(data, n+1); err == nil {
			t.Errorf("%d bytes: one too many is no error", n)
		}
		if n == 0 {
			continue
		}
		if _, err := Unpack(data, n-1); err == nil {
			t.Errorf("%d bytes: one too few is no error", n)
		}
		if _, err := Unpack(data[:len(data)/2], n); err == nil {
			t.Errorf("%d bytes: half of what was packed is no error", n)
		}
	}
}
