package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping"
	"github.com/metricslam/metricslam/mapping/metric"
)

// mapCmd works on map files.
type mapCmd struct {
	Info  mapInfoCmd  `cmd:"" help:"Show what a map file holds, and check it."`
	Merge mapMergeCmd `cmd:"" help:"Join two maps by the places that both show."`

	Index mapIndexCmd `cmd:"" help:"Write what the places of a map look like: the first step of joining many."`
	Pairs mapPairsCmd `cmd:"" help:"Find the maps that may show the same place, by their indices."`
	Match mapMatchCmd `cmd:"" help:"Find the places that two maps have in common."`
	Join  mapJoinCmd  `cmd:"" help:"Bring many maps into one frame by the places that they have in common."`
	Dense mapDenseCmd `cmd:"" help:"Write the depth and colours of a map's keyframes that tiles are fused from."`
	Tiles mapTilesCmd `cmd:"" help:"Cut a joint map into tiles, and list what sees each."`
}

// mapInfoCmd shows what a map file holds.
type mapInfoCmd struct {
	File string `arg:"" help:"Map file, such as DIR/map.mslam of a run."`
	JSON bool   `help:"Print it as JSON."`
}

// mapInfo is what is known of a map file.
type mapInfo struct {
	File      string                `json:"file"`
	Version   int                   `json:"version"`
	Bytes     int64                 `json:"bytes"`
	Checksums string                `json:"checksums"` // "right", or "wrong"
	Damage    []string              `json:"damage"`
	Keyframes int                   `json:"keyframes"`
	Landmarks int                   `json:"landmarks"` // all, those without depth included
	Links     int                   `json:"links"`     // places seen twice
	Metric    bool                  `json:"metric"`
	Scale     *mapScale             `json:"scale"` // of the largest part; null where nothing tells metres
	Sources   []mapSource           `json:"sources"`
	Parts     []mapping.PartSummary `json:"parts"` // connected maps, the largest first
	Sections  []mapSection          `json:"sections"`
}

// mapScale is what is known of a map's metres.
type mapScale struct {
	Unit    float64  `json:"unit"`    // metres a unit of the depth source
	LogStd  float64  `json:"log_std"` // deviation of the logarithm of the map's lengths, so relative
	Sources []string `json:"sources"` // that are used
}

type mapSource struct {
	Source   string `json:"source"`
	Kind     string `json:"kind"`
	Keyframe int    `json:"first_keyframe"`
}

// mapSection sums the sections with one tag.
type mapSection struct {
	Tag   string `json:"tag"`
	Count int    `json:"count"`
	Bytes int64  `json:"bytes"` // in the file
	Raw   int64  `json:"raw"`   // unpacked
}

// Run prints what the file holds; damage is an error too.
func (c mapInfoCmd) Run(ctx context.Context) error {
	f, err := mapfile.Open(c.File)
	if err != nil {
		return err
	}
	defer f.Close()
	info := inspect(f)
	if len(info.Damage) == 0 {
		st, err := mapping.Read(ctx, f)
		if err != nil {
			return err
		}
		info.describe(st)
	}
	if c.JSON {
		err = printJSON(os.Stdout, info)
	} else {
		err = info.print(os.Stdout)
	}
	if err == nil && len(info.Damage) > 0 {
		err = fmt.Errorf("%s: %w in %d sections; take the file from a copy, or map again", c.File, mapfile.ErrDamaged, len(info.Damage))
	}
	return err
}

// inspect reads all sections and checks them.
func inspect(f *mapfile.File) *mapInfo {
	info := &mapInfo{
		File: f.Name, Version: f.Version, Bytes: f.Size, Checksums: "right",
		Damage: []string{}, Sources: []mapSource{}, Parts: []mapping.PartSummary{}, Sections: []mapSection{},
	}
	at := make(map[string]int)
	for _, e := range f.Entries() {
		if _, err := f.Read(e); err != nil {
			info.Checksums = "wrong"
			info.Damage = append(info.Damage, err.Error())
		}
		i, ok := at[e.Tag]
		if !ok {
			i = len(info.Sections)
			at[e.Tag] = i
			info.Sections = append(info.Sections, mapSection{Tag: e.Tag})
		}
		s := &info.Sections[i]
		s.Count, s.Bytes, s.Raw = s.Count+1, s.Bytes+e.Size, s.Raw+e.Raw
	}
	return info
}

func (m *mapInfo) describe(st *mapping.State) {
	m.Keyframes, m.Landmarks, m.Links = len(st.Keyframes), len(st.Landmarks), len(st.Links)
	m.Metric, m.Parts = st.Metric(), st.Summaries()
	if len(m.Parts) > 0 {
		m.Scale = scaleOf(st.Metrics[m.Parts[0].Part])
	}
	for _, o := range st.Origins {
		m.Sources = append(m.Sources, mapSource{o.Source, o.Kind, o.Keyframe})
	}
}

func scaleOf(m metric.Estimate) *mapScale {
	if !m.Known() {
		return nil
	}
	s := &mapScale{Unit: math.Exp(m.Log), LogStd: m.Deviation()}
	for _, src := range m.Sources {
		if src.Used {
			s.Sources = append(s.Sources, src.Name)
		}
	}
	return s
}

func (m *mapInfo) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "file\t%s, version %d, %d bytes, checksums %s\n", m.File, m.Version, m.Bytes, m.Checksums)
	for _, d := range m.Damage {
		fmt.Fprintf(t, "damage\t%s\n", d)
	}
	if len(m.Damage) == 0 {
		fmt.Fprintf(t, "holds\t%d keyframes, %d landmarks, %d places seen twice, %d parts\n", m.Keyframes, m.Landmarks, m.Links, len(m.Parts))
		if m.Scale != nil {
			fmt.Fprintf(t, "scale\tmetres by %s, standard deviation %.1f %%; a unit of the depth source is %.4f m\n",
				strings.Join(m.Scale.Sources, " and "), 100*m.Scale.LogStd, m.Scale.Unit)
		} else {
			fmt.Fprintf(t, "scale\tfree: nothing has told it\n")
		}
	}
	for _, s := range m.Sources {
		fmt.Fprintf(t, "source\t%s (%s), from keyframe %d on\n", s.Source, s.Kind, s.Keyframe)
	}
	for _, p := range m.Parts {
		fmt.Fprintf(t, "part %d\t%d keyframes, %d landmarks, %.2f to %.2f s, box %s\n", p.Part, p.Keyframes, p.Landmarks, p.StartS, p.EndS, box(p))
	}
	for _, s := range m.Sections {
		fmt.Fprintf(t, "section %s\t%d, %d bytes, %d unpacked\n", s.Tag, s.Count, s.Bytes, s.Raw)
	}
	return t.Flush()
}

func box(p mapping.PartSummary) string {
	var sides []string
	for i := range 3 {
		sides = append(sides, fmt.Sprintf("%.2f", p.MaxM[i]-p.MinM[i]))
	}
	return strings.Join(sides, " x ") + " m"
}

// loadMaps reads map files; the caller closes them with closeMaps.
func loadMaps(ctx context.Context, paths ...string) ([]*mapping.Loaded, error) {
	var out []*mapping.Loaded
	for _, p := range paths {
		l, err := mapping.Load(ctx, p)
		if err != nil {
			return nil, errors.Join(err, closeMaps(out))
		}
		out = append(out, l)
	}
	return out, nil
}

func closeMaps(all []*mapping.Loaded) error {
	var err error
	for _, l := range all {
		err = errors.Join(err, l.File.Close())
	}
	return err
}
