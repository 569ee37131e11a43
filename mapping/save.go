package mapping

import (
	"fmt"
	"io"

	"github.com/metricslam/metricslam/internal/atomicfile"
	"github.com/metricslam/metricslam/mapfile"
	"github.com/metricslam/metricslam/mapping/images"
)

// Tags of the sections of a map file.
const (
	tagState     = "META"
	tagKeyframes = "KEYF"
	tagFeatures  = "FEAT"
	tagLandmarks = "LMRK"
	tagLinks     = "LINK"
	tagPending   = "WAIT"
	tagTethers   = "TETH"
	tagGaps      = "GAPS"
	tagMetrics   = "SCAL"
	tagParents   = "CULL"
	tagImages    = "PICT" // one a keyframe
)

// section is a part of a state that has a section of its own. One that older
// files lack is optional: what it holds keeps its zero value then.
type section struct {
	tag      string
	optional bool
	put      func(*mapfile.Encoder, *State)
	take     func(*mapfile.Decoder, *State) error
}

// sections in the order in which they are written and read.
var sections = []section{
	{tagState, false, putState, takeState},
	{tagKeyframes, false, putKeyframes, takeKeyframes},
	{tagFeatures, false, putFeatures, takeFeatures},
	{tagLandmarks, false, putLandmarks, takeLandmarks},
	{tagLinks, false, putLinks, takeLinks},
	{tagPending, true, putPending, takePending},
	{tagTethers, true, putTethers, takeTethers},
	{tagGaps, true, putGaps, takeGaps},
	{tagMetrics, true, putMetrics, takeMetrics},
	{tagParents, true, putParents, takeParents},
}

// Store writes a map into files, the same map again and again as it grows. What
// never changes of a keyframe is packed once: later files take it from the one
// before, byte by byte.
type Store struct {
	packed map[*images.Item]packed
	file   *mapfile.File // the last one written
}

// packed is where the images of a keyframe lie.
type packed struct {
	file  *mapfile.File
	entry mapfile.Entry
}

// NewStore returns a store that takes the images of states that were read from
// their files; those must stay open as long as it is used.
func NewStore(loaded ...*Loaded) *Store {
	s := &Store{packed: make(map[*images.Item]packed)}
	for _, l := range loaded {
		s.note(l.File, l.State.Images)
	}
	return s
}

// Save writes a state into the file path, whole or not at all. The state is one
// that Mapper.State or Read returned.
func (s *Store) Save(path string, st *State) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return s.write(w, st) })
	if err != nil {
		return err
	}
	f, err := mapfile.Open(path)
	if err != nil {
		return err
	}
	if s.file != nil {
		s.file.Close()
	}
	s.file = f
	clear(s.packed)
	s.note(f, st.Images)
	return nil
}

// note remembers where a file has the images of a state.
func (s *Store) note(f *mapfile.File, all images.Snapshot) {
	for i, item := range all {
		if e, ok := f.Find(tagImages, i); ok && item != nil {
			s.packed[item] = packed{f, e}
		}
	}
}

// Close lets the last file go.
func (s *Store) Close() error {
	if s.file == nil {
		return nil
	}
	return s.file.Close()
}

func (s *Store) write(w io.Writer, st *State) error {
	out, err := mapfile.NewWriter(w)
	if err != nil {
		return err
	}
	for _, t := range sections {
		var e mapfile.Encoder
		t.put(&e, st)
		if err := out.Add(t.tag, 0, e.Data()); err != nil {
			return err
		}
	}
	for i := range st.Keyframes {
		if err := s.images(out, i, st.Images); err != nil {
			return err
		}
	}
	return out.Close()
}

// images copies what a file has of the images of a keyframe already, and packs them
// otherwise. A culled keyframe has none.
func (s *Store) images(out *mapfile.Writer, i int, all images.Snapshot) error {
	if p, ok := s.packed[all.Item(i)]; ok {
		data, err := p.file.Stored(p.entry)
		if err == nil {
			return out.AddStored(p.entry, i, data)
		} // a file that was damaged since is no reason to lose the map in memory
	}
	im, err := all.Get(i)
	if err != nil {
		return err
	}
	data, err := images.Encode(im)
	if err != nil {
		return fmt.Errorf("images of keyframe %d: %w", i, err)
	}
	return out.Add(tagImages, i, data)
}

func putState(e *mapfile.Encoder, st *State) {
	putRows(e, stateFields, []*State{st})
	names, kinds := make([]string, len(st.Origins)), make([]string, len(st.Origins))
	for i, o := range st.Origins {
		names[i], kinds[i] = o.Source, o.Kind
	}
	e.Strings("origin.source", names)
	e.Strings("origin.kind", kinds)
	putRows(e, originFields, pointers(st.Origins))
}

func putKeyframes(e *mapfile.Encoder, st *State) { putRows(e, keyframeFields, st.Keyframes) }

func putFeatures(e *mapfile.Encoder, st *State) {
	counts := make([]int, len(st.Keyframes))
	var rows []*Feature
	for i, k := range st.Keyframes {
		counts[i] = len(k.Features)
		rows = append(rows, pointers(k.Features)...)
	}
	e.Ints("features", counts)
	putRows(e, featureFields, rows)
}

func putLandmarks(e *mapfile.Encoder, st *State) {
	putRows(e, landmarkFields, st.Landmarks)
	counts := make([]int, len(st.Landmarks))
	var rows []*Observation
	for i, l := range st.Landmarks {
		counts[i] = len(l.Obs)
		rows = append(rows, pointers(l.Obs)...)
	}
	e.Ints("observations", counts)
	putRows(e, observationFields, rows)
}

func putLinks(e *mapfile.Encoder, st *State) { putLinkRows(e, st.Links) }

func putPending(e *mapfile.Encoder, st *State) { putLinkRows(e, st.Pending) }

func putLinkRows(e *mapfile.Encoder, links []*Link) {
	putRows(e, linkFields, links)
	counts, pairCounts := make([]int, len(links)), make([]int, len(links))
	var landmarks []int
	var pairs []*linkPair
	for i, l := range links {
		counts[i], pairCounts[i] = len(l.landmarks), len(l.pairs)
		landmarks, pairs = append(landmarks, l.landmarks...), append(pairs, pointers(l.pairs)...)
	}
	e.Ints("ties", counts)
	e.Ints("tie", landmarks)
	e.Ints("pairs", pairCounts)
	putRows(e, linkPairFields, pairs)
}

func putTethers(e *mapfile.Encoder, st *State) {
	var rows []*tetherRow
	for i, k := range st.Keyframes {
		if k.Tether != nil {
			rows = append(rows, &tetherRow{i, *k.Tether})
		}
	}
	putRows(e, tetherFields, rows)
}

func putGaps(e *mapfile.Encoder, st *State) {
	var rows []*gapRow
	for i, k := range st.Keyframes {
		if k.Gap != nil {
			rows = append(rows, &gapRow{i, *k.Gap})
		}
	}
	putRows(e, gapFields, rows)
}

func putParents(e *mapfile.Encoder, st *State) {
	var rows []*parentRow
	for i, k := range st.Keyframes {
		if k.Culled() {
			rows = append(rows, &parentRow{i, *k.parent})
		}
	}
	putRows(e, parentFields, rows)
}

func putMetrics(e *mapfile.Encoder, st *State) {
	putRows(e, metricFields, pointers(st.Metrics))
	counts := make([]int, len(st.Metrics))
	var names []string
	var rows []*sourceRow
	for i, m := range st.Metrics {
		counts[i] = len(m.Sources)
		for _, s := range m.Sources {
			names = append(names, s.Name)
			rows = append(rows, &sourceRow{s.N, asInt(s.Used), asInt(s.Conflict), int(s.Rank), s.Log, s.Sigma})
		}
	}
	e.Ints("sources", counts)
	e.Strings("source.name", names)
	putRows(e, sourceFields, rows)
}

func asInt(b bool) int {
	if b {
		return 1
	}
	return 0
}
