package fusion

// Forget makes the next Mesh extract every block again.
func (v *Volume) Forget() { v.surface = extracted{} }
