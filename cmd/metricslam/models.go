package main

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/fetch"
	"github.com/metricslam/metricslam/depth/models"
	"github.com/metricslam/metricslam/internal/atomicfile"
)

// modelsCmd is about depth networks.
type modelsCmd struct {
	List  modelsListCmd  `cmd:"" help:"List the networks whose contracts are built in, and those that are here."`
	Show  modelsShowCmd  `cmd:"" help:"Print a contract, to read or to start one's own from."`
	Check modelsCheckCmd `cmd:"" help:"Hold a network to its contract, and to images whose depth is known."`
	Pull  modelsPullCmd  `cmd:"" help:"Download a network into the cache folder."`
}

type modelsListCmd struct {
	JSON bool `help:"Print the list as JSON."`
}

// modelRow is a line of models list.
type modelRow struct {
	Name    string `json:"name"`
	Here    string `json:"here"` // "ships", the file in the cache, or empty
	Address bool   `json:"address_known"`
	Licence string `json:"licence"`
	About   string `json:"about"`
}

// Run lists the contracts; what ships comes first.
func (c modelsListCmd) Run(context.Context) error {
	known, err := contract.Builtin()
	if err != nil {
		return err
	}
	var rows []modelRow
	if m, ok := models.Shipped(); ok {
		s, err := contract.Parse(m.Contract, m.Name)
		if err != nil {
			return err
		}
		about := s.About
		if about == "" {
			about = "the network inside the program, which --depth auto takes"
		}
		rows = append(rows, modelRow{s.Name, "ships", false, s.Licence, about})
	}
	for _, k := range known {
		file, ok := models.Cached(k.Name)
		if !ok {
			file = ""
		}
		rows = append(rows, modelRow{k.Name, file, k.URL != "", k.Licence, k.About})
	}
	if c.JSON {
		return printJSON(os.Stdout, map[string]any{"models": rows})
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "name\there\tlicence\tabout")
	for _, r := range rows {
		here := r.Here
		if here == "" && r.Address {
			here = "can be pulled"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", r.Name, here, r.Licence, r.About)
	}
	return w.Flush()
}

type modelsShowCmd struct {
	Name string `arg:"" help:"A built-in name, the network that ships, or a contract file."`
}

// Run prints a contract.
func (c modelsShowCmd) Run(context.Context) error {
	if m, ok := models.Shipped(); ok && m.Name == c.Name {
		_, err := os.Stdout.Write(m.Contract)
		return err
	}
	k, err := contract.ForModel(c.Name, c.Name)
	if err != nil {
		return err
	}
	text, err := k.YAML()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}

type modelsPullCmd struct {
	Model    string `arg:"" help:"A built-in name with a known address, or an http(s) address of an .onnx file."`
	Contract string `placeholder:"NAME|FILE" help:"Contract to keep beside a file that was given by its address."`
	SHA256   string `name:"sha256" placeholder:"HEX" help:"Checksum that the file must have."`
	Output   string `short:"o" placeholder:"DIR" help:"Folder; default: the cache folder, where --depth NAME finds it."`
	Quiet    bool   `help:"Show no progress."`
}

// Run downloads the file and its contract.
func (c modelsPullCmd) Run(ctx context.Context) error {
	address, name, k, err := c.resolve()
	if err != nil {
		return err
	}
	dir := c.Output
	if dir == "" {
		if dir, err = models.CacheDir(); err != nil {
			return err
		}
	}
	target := filepath.Join(dir, name+".onnx")
	opt := fetch.Options{SHA256: c.SHA256}
	if opt.SHA256 == "" && k != nil {
		opt.SHA256 = k.SHA256
	}
	if !c.Quiet {
		show, done := pullProgress(os.Stderr, name)
		defer done()
		opt.Progress = show
	}
	r, err := fetch.Get(ctx, address, target, opt)
	if err != nil {
		return err
	}
	if k != nil && c.Contract != "" {
		text, err := k.YAML()
		if err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(filepath.Join(dir, name+".yaml"), text); err != nil {
			return err
		}
	}
	fmt.Printf("%s: %s, sha256 %s", r.Path, fetch.Size(r.Bytes), r.SHA256)
	if opt.SHA256 == "" {
		fmt.Print(" (not checked: give --sha256)")
	}
	fmt.Println()
	if k == nil {
		fmt.Printf("write its contract as %s (metricslam models show NAME prints one to start from)\n", filepath.Join(dir, name+".yaml"))
	}
	return nil
}

// resolve finds the address and the name under which the file is kept, and the
// contract where one is known.
func (c modelsPullCmd) resolve() (address, name string, k *contract.Contract, err error) {
	u, err := url.Parse(c.Model)
	if err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		base := path.Base(u.Path)
		if !strings.HasSuffix(base, ".onnx") || base == ".onnx" {
			return "", "", nil, fmt.Errorf("%s: the address of an .onnx file is wanted", c.Model)
		}
		if c.Contract != "" {
			if k, err = contract.ForModel(base, c.Contract); err != nil {
				return "", "", nil, err
			}
		}
		return c.Model, strings.TrimSuffix(base, ".onnx"), k, nil
	}
	if k, err = contract.Named(c.Model); err != nil {
		return "", "", nil, err
	}
	if k.URL == "" {
		return "", "", nil, fmt.Errorf("no address is known for %s: export it as its authors say and name the file, or pull it by its address", c.Model)
	}
	return k.URL, k.Name, k, nil
}

// pullProgress shows a bar on a terminal, and a line every five seconds
// elsewhere.
func pullProgress(w *os.File, name string) (show func(done, total int64), finish func()) {
	if isatty.IsTerminal(w.Fd()) {
		var bar *progressbar.ProgressBar
		show = func(done, total int64) {
			if bar == nil {
				bar = progressbar.NewOptions64(total, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(name),
					progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionFullWidth())
			}
			_ = bar.Set64(done) // only the terminal can fail
		}
		return show, func() { fmt.Fprintln(w) }
	}
	return plainProgress(w, name, 5*time.Second), func() {}
}

func plainProgress(w io.Writer, name string, every time.Duration) func(done, total int64) {
	last := time.Now()
	return func(done, total int64) {
		if time.Since(last) < every {
			return
		}
		last = time.Now()
		of := ""
		if total > 0 {
			of = fmt.Sprintf(" of %s, %.0f %%", fetch.Size(total), 100*float64(done)/float64(total))
		}
		fmt.Fprintf(w, "%s: %s%s\n", name, fetch.Size(done), of)
	}
}

// modelFile returns the file of a model given by path or by the name it was
// pulled under.
func modelFile(model string) (string, error) {
	if _, err := os.Stat(model); err == nil {
		return model, nil
	}
	if file, ok := models.Cached(model); ok {
		return file, nil
	}
	return "", fmt.Errorf("%s: no such file, and no model of that name was pulled", model)
}
