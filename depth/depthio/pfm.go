package depthio

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/metricslam/metricslam/internal/atomicfile"
)

// WritePFM writes values as they are, as a grey portable float map: low bytes first,
// the lowest row first.
func WritePFM(path string, p Image) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		b := bufio.NewWriter(w)
		fmt.Fprintf(b, "Pf\n%d %d\n-1.0\n", p.W, p.H)
		var four [4]byte
		for y := p.H - 1; y >= 0; y-- {
			for _, v := range p.Depth[y*p.W : (y+1)*p.W] {
				binary.LittleEndian.PutUint32(four[:], math.Float32bits(v))
				b.Write(four[:]) // the error stays until Flush
			}
		}
		return b.Flush()
	})
}
