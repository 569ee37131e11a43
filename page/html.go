package page

import (
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"
)

//go:embed web three
var files embed.FS

// threeFiles are the parts of three.js by the names that modules import them by.
// All others come from web/ and are called by their path there.
var threeFiles = map[string]string{
	"three":         "three/three.module.js",
	"OrbitControls": "three/OrbitControls.js",
}

// Missing says why the program cannot show a map in a browser, empty where it can.
func Missing() string {
	for _, name := range threeFiles {
		if _, err := fs.Stat(files, name); err != nil {
			return "this program was built without three.js, which draws the map: run scripts/three.sh and build it again"
		}
	}
	return ""
}

// View is the HTML of the map, for a page that has nothing else of that kind.
// Nothing is fetched by it, but for the WebSocket of a live one.
type View struct {
	Style   template.CSS
	Body    template.HTML
	Missing string // why there is no map; empty where there is one
}

// Saved returns the view of a finished map.
func Saved(s *Scene) (*View, error) {
	data, err := s.Encode()
	if err != nil {
		return nil, err
	}
	return newView(data, "")
}

// newView puts the view together: the scene, if any, the address of the live
// one, if any, and the modules.
func newView(scene []byte, socket string) (*View, error) {
	v := &View{Missing: Missing()}
	if v.Missing != "" {
		return v, nil
	}
	style, err := files.ReadFile("web/view.css")
	if err != nil {
		return nil, err
	}
	markup, err := files.ReadFile("web/view.html")
	if err != nil {
		return nil, err
	}
	scripts, err := modules()
	if err != nil {
		return nil, err
	}
	boot, err := files.ReadFile("web/boot.js")
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	b.Write(markup)
	fmt.Fprintf(&b, "<script type=\"application/gzip\" id=\"scene\" data-socket=\"%s\">%s</script>\n",
		template.HTMLEscapeString(socket), base64.StdEncoding.EncodeToString(scene))
	b.WriteString(scripts)
	fmt.Fprintf(&b, "<script>%s</script>\n", boot)
	v.Style, v.Body = template.CSS(style), template.HTML(b.String())
	return v, nil
}

// modules returns the scripts, each packed in an element that names it.
func modules() (string, error) {
	names := map[string]string{}
	for name, file := range threeFiles {
		names[file] = name
	}
	own, err := fs.Glob(files, "web/*.js")
	if err != nil {
		return "", err
	}
	list := own
	for _, name := range []string{"three", "OrbitControls"} {
		list = append(list, threeFiles[name])
	}
	var b strings.Builder
	for _, file := range list {
		name := names[file]
		if name == "" {
			name = path.Base(file)
		}
		if name == "boot.js" {
			continue
		}
		text, err := files.ReadFile(file)
		if err != nil {
			return "", err
		}
		packed, err := squeeze(gzip.BestCompression, text)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "<script type=\"application/gzip\" data-module=\"%s\">%s</script>\n", name, base64.StdEncoding.EncodeToString(packed))
	}
	return b.String(), nil
}
