package images

import "sync"

// Item is what was put under an id: its content never changes, and a pointer to it
// names that content. Only where the content lies changes.
type Item struct {
	mu     sync.Mutex
	images Images // grey and depth are empty while they are packed
	open   bool

	gray, depth  piece
	grayW, grayH int
	depthBytes   int // before they were packed
}

func (it *Item) isOpen() bool {
	it.mu.Lock()
	defer it.mu.Unlock()
	return it.open
}

// decode returns the images; keep leaves them decoded.
func (it *Item) decode(keep bool) (im Images, err error) {
	it.mu.Lock()
	defer it.mu.Unlock()
	im = it.images
	if it.open {
		return im, nil
	}
	residuals, err := it.gray.unpack(it.grayW * it.grayH)
	if err != nil {
		return Images{}, err
	}
	im.Gray = fromResiduals(it.grayW, it.grayH, residuals)
	if !im.Depth.Empty() {
		diff, err := it.depth.unpack(it.depthBytes)
		if err != nil {
			return Images{}, err
		}
		im.Depth.code, im.Depth.std = fromDifferences(diff, im.Depth.W, im.Depth.H)
	}
	if keep {
		it.images, it.open = im, true
	}
	return im, nil
}

// pack leaves nothing but the packed form. What was packed once stays so beside
// what is decoded, so that it costs nothing to do it again.
func (it *Item) pack(s *scratch) (err error) {
	it.mu.Lock()
	defer it.mu.Unlock()
	im := &it.images
	if !it.open {
		return nil
	}
	if it.gray.empty() {
		if it.gray, err = s.pack(residuals(im.Gray)); err != nil {
			return err
		}
		it.grayW, it.grayH = im.Gray.W, im.Gray.H
	}
	if it.depth.empty() && !im.Depth.Empty() {
		diff := im.Depth.differences()
		if it.depth, err = s.pack(diff); err != nil {
			return err
		}
		it.depthBytes = len(diff)
	}
	color, err := im.Color.packed(s)
	if err != nil {
		return err
	}
	depth := Depth{DepthInfo: im.Depth.DepthInfo}
	it.images, it.open = Images{Depth: depth, Color: color, Keypoints: im.Keypoints}, false
	return nil
}

// settle moves what an item keeps packed in memory into a scratch file.
func (it *Item) settle(s *scratch) {
	it.mu.Lock()
	defer it.mu.Unlock()
	it.images.Keypoints = it.images.Keypoints.packed(s)
	it.images.Color.jpeg = s.move(it.images.Color.jpeg)
	it.gray, it.depth = s.move(it.gray), s.move(it.depth)
}
