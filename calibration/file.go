package calibration

import (
	"fmt"
	"io"
	"strings"
)

// WriteYAML writes the camera file, with ORB-SLAM's keys, each with its deviation
// as a comment.
func (r *Result) WriteYAML(w io.Writer) error {
	grade, reasons := r.Verdict()
	var b strings.Builder
	fmt.Fprintf(&b, "# Calibrated by metricslam from %d views of %d: %s.\n", len(r.Views), r.Found, grade)
	for _, why := range reasons {
		fmt.Fprintf(&b, "# %s\n", why)
	}
	fmt.Fprintf(&b, "# Corners lie %.3f px (root mean square) from where they should be.\n", r.RMSPx)
	kind := map[Model]string{RadTan: "PinHole", Fisheye: "KannalaBrandt8"}[r.Camera.Model]
	fmt.Fprintf(&b, "Camera.type: %s\nCamera.width: %d\nCamera.height: %d\n", kind, r.Camera.W, r.Camera.H)
	for i, name := range r.Camera.Model.Names() {
		format := "Camera.%s: %.8g # +- %.2g\n"
		if i < 4 {
			format = "Camera.%s: %.4f # +- %.2g\n"
		}
		fmt.Fprintf(&b, format, name, r.Camera.Values[i], r.Sigma[i])
	}
	_, err := io.WriteString(w, b.String())
	return err
}
