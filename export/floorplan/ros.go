package floorplan

import (
	"bytes"
	"fmt"
	"path/filepath"

	"github.com/metricslam/metricslam/internal/atomicfile"
)

// The grey levels that ROS's map_server gives the states of a cell.
var rosGray = [...]byte{Unknown: 205, Free: 254, Occupied: 0}

// WriteROS writes map.yaml and map.pgm into a folder, as ROS's map_server and nav2
// read them.
// https://wiki.ros.org/map_server
func (g *Grid) WriteROS(dir string) error {
	var pgm bytes.Buffer
	fmt.Fprintf(&pgm, "P5\n# %g m a pixel\n%d %d\n255\n", g.CellM, g.W, g.H)
	for y := g.H - 1; y >= 0; y-- { // its first row is the last of the image
		for _, c := range g.Cells[y*g.W : (y+1)*g.W] {
			pgm.WriteByte(rosGray[c])
		}
	}
	if err := atomicfile.WriteBytes(filepath.Join(dir, "map.pgm"), pgm.Bytes()); err != nil {
		return err
	}
	text := fmt.Sprintf("# Obstacles from %g to %g m over the floor, which lies at z = %.3f m under the path.\n"+
		"image: map.pgm\nmode: trinary\nresolution: %g\norigin: [%.6f, %.6f, 0.0]\nnegate: 0\noccupied_thresh: 0.65\nfree_thresh: 0.196\n",
		g.LowM, g.HighM, g.FloorM, g.CellM, g.X0, g.Y0)
	return atomicfile.WriteBytes(filepath.Join(dir, "map.yaml"), []byte(text))
}
