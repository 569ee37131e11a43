package datasets

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// parseStorageXML reads the XML of OpenCV's FileStorage: elements of
// <opencv_storage>, matrices with their numbers in <data>.
func parseStorageXML(data []byte) (map[string]any, error) {
	d := xml.NewDecoder(bytes.NewReader(data))
	values := map[string]any{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if len(values) == 0 {
				return nil, errors.New("this XML holds no <opencv_storage> with values")
			}
			return values, nil
		}
		if err != nil {
			return nil, fmt.Errorf("XML: %w", err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if e.Name.Local == "opencv_storage" {
			continue
		}
		var v struct {
			Text string `xml:",chardata"`
			Data string `xml:"data"`
		}
		if err := d.DecodeElement(&v, &e); err != nil {
			return nil, fmt.Errorf("XML: %s: %w", e.Name.Local, err)
		}
		if words := strings.Fields(v.Data); len(words) > 0 {
			list := make([]any, len(words))
			for i, w := range words {
				list[i] = w
			}
			values[e.Name.Local] = list
		} else {
			values[e.Name.Local] = strings.Trim(strings.TrimSpace(v.Text), `"`)
		}
	}
}
