package kserve

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metricslam/metricslam/depth/contract"
	"github.com/metricslam/metricslam/depth/network"
)

// fake serves a network whose output "depth" is the mean of the channels of its
// input "image", 1x3xHxW, by HTTP and gRPC. Its faults are set by the test.
type fake struct {
	requests atomic.Int32
	fail     atomic.Int32 // so many requests are answered 503 first
	silent   bool         // no request is answered
	token    string
	noBinary bool   // knows numbers only
	garbage  string // answered instead
}

// hangs holds a request for as long as the client asks, where the server is silent.
func (f *fake) hangs(ctx context.Context) bool {
	if f.silent {
		<-ctx.Done()
	}
	return f.silent
}

func (f *fake) mean(v []float32, shape []int64) []float32 {
	n := int(shape[2] * shape[3])
	out := make([]float32, n)
	for i := range out {
		out[i] = (v[i] + v[n+i] + v[2*n+i]) / 3
	}
	return out
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	refuse := func(code int, text string) {
		w.WriteHeader(code)
		json.NewEncoder(w).Encode(map[string]string{"error": text})
	}
	f.requests.Add(1)
	if f.hangs(r.Context()) {
		return
	}
	switch {
	case f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token:
		refuse(401, "who are you")
		return
	case f.fail.Add(-1) >= 0:
		refuse(503, "busy")
		return
	case f.garbage != "":
		io.WriteString(w, f.garbage)
		return
	}
	switch r.URL.Path {
	case "/v2/models/mean":
		io.WriteString(w, `{"name":"mean","platform":"go","inputs":[{"name":"image","datatype":"FP32","shape":[1,3,-1,-1]}],"outputs":[{"name":"depth","datatype":"FP32","shape":[1,1,-1,-1]}]}`)
	case "/v2/models/mean/infer":
		f.infer(w, r, refuse)
	default:
		refuse(404, "no such model")
	}
}

func (f *fake) infer(w http.ResponseWriter, r *http.Request, refuse func(int, string)) {
	body, _ := io.ReadAll(r.Body)
	head := body
	if n, err := strconv.Atoi(r.Header.Get("Inference-Header-Content-Length")); err == nil {
		if f.noBinary {
			refuse(400, "no JSON")
			return
		}
		head, body = body[:n], body[n:]
	}
	var req struct {
		Inputs []struct {
			Name       string
			Shape      []int64
			Parameters struct {
				Size int `json:"binary_data_size"`
			}
			Data []float32
		}
		Outputs []struct {
			Name       string
			Parameters struct {
				Binary bool `json:"binary_data"`
			}
		}
	}
	if err := json.Unmarshal(head, &req); err != nil || len(req.Inputs) != 1 || req.Inputs[0].Name != "image" {
		refuse(400, "bad request")
		return
	}
	in := req.Inputs[0]
	v := in.Data
	if in.Parameters.Size > 0 {
		v = make([]float32, in.Parameters.Size/4)
		for i := range v {
			v[i] = math.Float32frombits(binary.LittleEndian.Uint32(body[4*i:]))
		}
	}
	depth := f.mean(v, in.Shape)
	shape := []int64{1, 1, in.Shape[2], in.Shape[3]}
	if !req.Outputs[0].Parameters.Binary {
		nested := [][][]float32{{depth}} // nested lists are allowed too
		json.NewEncoder(w).Encode(map[string]any{"model_name": "mean", "outputs": []any{map[string]any{"name": "depth", "datatype": "FP32", "shape": shape, "data": nested}}})
		return
	}
	out, _ := json.Marshal(map[string]any{"model_name": "mean", "outputs": []any{map[string]any{
		"name": "depth", "datatype": "FP32", "shape": shape, "parameters": map[string]int{"binary_data_size": 4 * len(depth)}}}})
	w.Header().Set("Inference-Header-Content-Length", strconv.Itoa(len(out)))
	w.Write(out)
	binary.Write(w, binary.LittleEndian, depth)
}

// grpc methods: the messages are taken apart with protowire.

func (f *fake) grpcInfer(ctx context.Context, msg []byte) ([]byte, error) {
	f.requests.Add(1)
	if f.hangs(ctx) {
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	md, _ := metadata.FromIncomingContext(ctx)
	if got := md.Get("authorization"); f.token != "" && (len(got) != 1 || got[0] != "Bearer "+f.token) {
		return nil, status.Error(codes.Unauthenticated, "who are you")
	}
	if f.fail.Add(-1) >= 0 {
		return nil, status.Error(codes.Unavailable, "busy")
	}
	if f.garbage != "" {
		return []byte(f.garbage), nil
	}
	var model string
	var shape []int64
	var v []float32
	eachField(msg, func(field protowire.Number, data []byte, _ uint64) error {
		switch field {
		case 1:
			model = string(data)
		case 5:
			t, err := decodeTensor(data)
			shape = t.meta.Shape
			return err
		case 7:
			for ; len(data) > 0; data = data[4:] {
				v = append(v, math.Float32frombits(binary.LittleEndian.Uint32(data)))
			}
		}
		return nil
	})
	if model != "mean" {
		return nil, status.Error(codes.NotFound, "no such model")
	}
	depth := f.mean(v, shape)
	out := appendString(nil, 1, "depth")
	out = appendString(out, 2, "FP32")
	for _, d := range []int64{1, 1, shape[2], shape[3]} { // not packed: also allowed
		out = protowire.AppendVarint(protowire.AppendTag(out, 3, protowire.VarintType), uint64(d))
	}
	var raw []byte
	for _, x := range depth {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
	}
	if f.noBinary { // in the message itself
		return appendBytes(nil, 5, appendBytes(out, 5, appendBytes(nil, 6, raw))), nil
	}
	return appendBytes(appendBytes(nil, 5, out), 6, raw), nil
}

func (f *fake) grpcMetadata(context.Context, []byte) ([]byte, error) {
	tensor := func(name string) []byte { return appendString(appendString(nil, 1, name), 2, "FP32") }
	return appendBytes(appendBytes(appendString(nil, 1, "mean"), 4, tensor("image")), 5, tensor("depth")), nil
}

// serveGRPC listens on an address until the test ends or stop is called.
func (f *fake) serveGRPC(t *testing.T, addr string, opt ...grpc.ServerOption) (at string, stop func()) {
	t.Helper()
	s := grpc.NewServer(append(opt, grpc.ForceServerCodec(bytesCodec{}))...)
	method := func(name string, call func(context.Context, []byte) ([]byte, error)) grpc.MethodDesc {
		return grpc.MethodDesc{MethodName: name, Handler: func(_ any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			var req []byte
			if err := dec(&req); err != nil {
				return nil, err
			}
			resp, err := call(ctx, req)
			return &resp, err
		}}
	}
	s.RegisterService(&grpc.ServiceDesc{ServiceName: "inference.GRPCInferenceService", HandlerType: (*any)(nil), Methods: []grpc.MethodDesc{
		method("ModelInfer", f.grpcInfer), method("ModelMetadata", f.grpcMetadata),
	}}, f)
	l := listen(t, addr)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return l.Addr().String(), s.Stop
}

func (f *fake) serveHTTP(t *testing.T, addr string) (at string, stop func()) {
	t.Helper()
	s := &http.Server{Handler: f}
	l := listen(t, addr)
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return l.Addr().String(), func() { s.Close() }
}

// listen retries a moment: a port just left may linger.
func listen(t *testing.T, addr string) net.Listener {
	t.Helper()
	var err error
	for range 50 {
		var l net.Listener
		if l, err = net.Listen("tcp", addr); err == nil {
			return l
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal(err)
	return nil
}

func img(h, w int64) network.Tensor {
	x := network.NewTensor("image", contract.Float32, 1, 3, h, w)
	for i := range x.F32 {
		x.F32[i] = float32(i)
	}
	return x
}
