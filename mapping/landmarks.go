package mapping

import "iter"

// landmarkTable finds landmarks by their id. Ids count up, those of tracks from 0
// and those of what links made from firstLinkLandmark, so that they are indices: a look-up
// costs next to nothing, and mapping is made of look-ups. Pages whose landmarks are
// all gone take no memory.
type landmarkTable struct {
	tracks, linked []*landmarkPage
	n              int
	known          int // of these, with a depth
}

const landmarkPageBits = 8

type landmarkPage struct {
	n  int
	at [1 << landmarkPageBits]*Landmark
}

// maxLandmarks bounds the ids of tracks, and those of links above firstLinkLandmark, in a map
// that is read.
const maxLandmarks = 1 << 28

// locate returns the pages of an id and its index in them.
func (t *landmarkTable) locate(id int) (pages *[]*landmarkPage, i int) {
	if id >= firstLinkLandmark {
		return &t.linked, id - firstLinkLandmark
	}
	return &t.tracks, id
}

// get returns the landmark of an id, nil where there is none.
func (t *landmarkTable) get(id int) *Landmark {
	pages, i := t.locate(id)
	if i < 0 || i>>landmarkPageBits >= len(*pages) {
		return nil
	}
	page := (*pages)[i>>landmarkPageBits]
	if page == nil {
		return nil
	}
	return page.at[i&(1<<landmarkPageBits-1)]
}

// find is get that says whether there is one.
func (t *landmarkTable) find(id int) (l *Landmark, ok bool) {
	l = t.get(id)
	return l, l != nil
}

// put enters a landmark, in place of what had its id.
func (t *landmarkTable) put(l *Landmark) {
	pages, i := t.locate(l.ID)
	for i>>landmarkPageBits >= len(*pages) {
		*pages = append(*pages, nil)
	}
	page := (*pages)[i>>landmarkPageBits]
	if page == nil {
		page = new(landmarkPage)
		(*pages)[i>>landmarkPageBits] = page
	}
	at := &page.at[i&(1<<landmarkPageBits-1)]
	if *at == nil {
		page.n++
		t.n++
	}
	if *at != nil && (*at).Known() {
		t.known--
	}
	if l.Known() {
		t.known++
	}
	*at = l
}

// remove takes a landmark out.
func (t *landmarkTable) remove(id int) {
	l := t.get(id)
	if l == nil {
		return
	}
	if l.Known() {
		t.known--
	}
	pages, i := t.locate(id)
	page := &(*pages)[i>>landmarkPageBits]
	(*page).at[i&(1<<landmarkPageBits-1)] = nil
	t.n--
	if (*page).n--; (*page).n == 0 {
		*page = nil
	}
}

// all yields the landmarks by ascending id; the one that is yielded may be removed.
func (t *landmarkTable) all() iter.Seq[*Landmark] {
	return func(yield func(*Landmark) bool) {
		for _, pages := range [2][]*landmarkPage{t.tracks, t.linked} {
			for _, page := range pages {
				if page == nil {
					continue
				}
				for _, l := range page.at {
					if l != nil && !yield(l) {
						return
					}
				}
			}
		}
	}
}
