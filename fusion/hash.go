package fusion

// blockKey is the packed coordinate of a block, 21 bits an axis. Keys order by
// z, then y, then x.
type blockKey uint64

const (
	keyBits   = 21
	keyOffset = 1 << (keyBits - 1)
	keyMask   = 1<<keyBits - 1
	noKey     = ^blockKey(0) // never a block: the packed form has 63 bits
)

// packKey returns the key of block (x, y, z); ok is false beyond 2^20 blocks
// from the origin.
func packKey(x, y, z int32) (k blockKey, ok bool) {
	ux, uy, uz := uint64(x+keyOffset), uint64(y+keyOffset), uint64(z+keyOffset)
	if ux|uy|uz > keyMask {
		return noKey, false
	}
	return blockKey(uz<<(2*keyBits) | uy<<keyBits | ux), true
}

// coords returns the block's coordinates.
func (k blockKey) coords() (x, y, z int32) {
	return int32(k&keyMask) - keyOffset, int32(k>>keyBits&keyMask) - keyOffset, int32(k>>(2*keyBits)) - keyOffset
}

// neighbour returns the key of the block (dx, dy, dz) away.
func (k blockKey) neighbour(dx, dy, dz int32) (blockKey, bool) {
	x, y, z := k.coords()
	return packKey(x+dx, y+dy, z+dz)
}

// blockTable is an open-addressing hash table from block keys to indices, with
// linear probing and a load of at most one half.
type blockTable struct {
	keys  []blockKey
	vals  []int32
	n     int
	shift uint
}

func newBlockTable(capacity int) *blockTable {
	bits := uint(4)
	for 1<<bits < 2*capacity {
		bits++
	}
	t := &blockTable{keys: make([]blockKey, 1<<bits), vals: make([]int32, 1<<bits), shift: 64 - bits}
	for i := range t.keys {
		t.keys[i] = noKey
	}
	return t
}

// slot returns where k is, or where it belongs: Fibonacci hashing (Knuth, 6.4).
func (t *blockTable) slot(k blockKey) int {
	mask := len(t.keys) - 1
	i := int(uint64(k) * 0x9E3779B97F4A7C15 >> t.shift)
	for t.keys[i] != k && t.keys[i] != noKey {
		i = (i + 1) & mask
	}
	return i
}

// get returns the index of k, or -1.
func (t *blockTable) get(k blockKey) int32 {
	i := t.slot(k)
	if t.keys[i] == noKey {
		return -1
	}
	return t.vals[i]
}

// put stores v under k and reports whether k is new; otherwise it keeps the
// value that is there.
func (t *blockTable) put(k blockKey, v int32) bool {
	i := t.slot(k)
	if t.keys[i] == k {
		return false
	}
	t.keys[i], t.vals[i] = k, v
	t.n++
	if 2*t.n > len(t.keys) {
		t.grow()
	}
	return true
}

func (t *blockTable) grow() {
	old := *t
	*t = *newBlockTable(len(old.keys))
	for i, k := range old.keys {
		if k != noKey {
			t.put(k, old.vals[i])
		}
	}
}

// reset empties the table and keeps its memory.
func (t *blockTable) reset() {
	for i := range t.keys {
		t.keys[i] = noKey
	}
	t.n = 0
}
