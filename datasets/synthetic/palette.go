package synthetic

import (
	"math/rand/v2"
	"runtime"
	"sync"
)

// recipe paints one texture from its own random stream.
type recipe func(r *rand.Rand) *canvas

// paintAll runs the recipes in parallel; the textures do not depend on how many
// run at once.
func paintAll(seed uint64, recipes []recipe) []*texture {
	out := make([]*texture, len(recipes))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, paint := range recipes {
		wg.Add(1)
		slots <- struct{}{}
		go func() {
			defer func() { <-slots; wg.Done() }()
			out[i] = newTexture(paint(stream(seed, int64(i))))
		}()
	}
	wg.Wait()
	return out
}
