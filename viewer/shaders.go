package viewer

// The shaders, in GLSL 3.30. Colours are as they are displayed; light is mild,
// for colours of images have light in them already.

// Meshes. Light comes from the camera and, a little, from above.
const meshVertexShader = `
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec4 color;
layout(location = 3) in vec4 uncertain;
layout(location = 4) in vec3 place; // in the images
uniform mat4 clipFromWorld;
uniform float pointPx;
uniform int mode;
out vec3 worldNormal, worldPosition;
out vec3 ownColor, ownPlace;
void main() {
	ownPlace = place;
	gl_Position = clipFromWorld * vec4(position, 1);
	gl_PointSize = pointPx;
	worldNormal = normal;
	worldPosition = position;
	ownColor = mode == 4 ? uncertain.rgb : color.rgb;
}`

const meshFragmentShader = `
in vec3 worldNormal, worldPosition;
in vec3 ownColor, ownPlace;
uniform sampler2DArray pages;
uniform bool pictured; // the colours are those of pages
uniform int mode; // as Mode
uniform vec3 eye, forward, up;
uniform bool parallel;
uniform bool clip; // to the box from clipLo to clipHi in the axes of clipAxes
uniform mat3 clipAxes;
uniform vec3 clipLo, clipHi;
out vec4 shown;
void main() {
	if (clip) {
		vec3 p = clipAxes * worldPosition;
		if (any(lessThan(p, clipLo)) || any(greaterThan(p, clipHi))) discard;
	}
	vec3 toEye = parallel ? -forward : normalize(eye - worldPosition);
	vec3 n = worldNormal;
	if (dot(n, n) < 1e-6) n = toEye;
	n = normalize(n);
	if (!gl_FrontFacing) n = -n;
	float light = .5 + .38 * max(dot(n, toEye), 0) + .17 * (.5 + .5 * dot(n, up));
	vec3 color = ownColor;
	if (pictured) { // images have more of the light in them than means of colours
		color = texture(pages, ownPlace).rgb;
		light = mix(1., light, .4);
	}
	if (mode == 1) shown = vec4(color, 1);
	else if (mode == 2) shown = vec4(.5 + .5 * normalize(worldNormal + 1e-9), 1);
	else if (mode == 3) shown = vec4(vec3(.72, .73, .75) * light, 1);
	else shown = vec4(color * light, 1);
}`

// Lines as wide as wanted: each is drawn as a rectangle, for OpenGL's own core
// profile promises one pixel only. Ends behind the near plane are cut there.
const lineVertexShader = `
layout(location = 0) in vec3 position;
layout(location = 1) in vec4 color;
uniform mat4 clipFromWorld;
out vec4 ownColor;
void main() {
	gl_Position = clipFromWorld * vec4(position, 1);
	ownColor = color;
}`

const lineGeometryShader = `
layout(lines) in;
layout(triangle_strip, max_vertices = 4) out;
in vec4 ownColor[];
out vec4 lineColor;
uniform vec2 viewportPx;
uniform float widthPx;
void main() {
	vec4 a = gl_in[0].gl_Position, b = gl_in[1].gl_Position;
	float da = a.z + a.w, db = b.z + b.w; // >= 0 in front of the near plane
	if (da < 0 && db < 0) return;
	if (da < 0) a = mix(a, b, da / (da - db));
	if (db < 0) b = mix(b, a, db / (db - da));
	vec2 along = (b.xy / b.w - a.xy / a.w) * viewportPx;
	float len = length(along);
	along = len > 1e-6 ? along / len : vec2(1, 0);
	vec2 side = vec2(-along.y, along.x) * widthPx / viewportPx;
	vec2 ends = along * widthPx * .3 / viewportPx; // joins neighbours
	lineColor = ownColor[0];
	gl_Position = a + vec4((side - ends) * a.w, 0, 0); EmitVertex();
	gl_Position = a + vec4((-side - ends) * a.w, 0, 0); EmitVertex();
	lineColor = ownColor[1];
	gl_Position = b + vec4((side + ends) * b.w, 0, 0); EmitVertex();
	gl_Position = b + vec4((-side + ends) * b.w, 0, 0); EmitVertex();
	EndPrimitive();
}`

const lineFragmentShader = `
in vec4 lineColor;
uniform float opacity;
out vec4 shown;
void main() { shown = vec4(lineColor.rgb, lineColor.a * opacity); }`

// Flat things over the scene, in pixels from the upper left corner. The texture
// is the letters' coverage, or an image.
const flatVertexShader = `
layout(location = 0) in vec2 positionPx;
layout(location = 1) in vec2 uv;
layout(location = 2) in vec4 color;
uniform vec2 viewportPx;
out vec2 at;
out vec4 ownColor;
void main() {
	gl_Position = vec4(2 * positionPx.x / viewportPx.x - 1, 1 - 2 * positionPx.y / viewportPx.y, 0, 1);
	at = uv;
	ownColor = color;
}`

const flatFragmentShader = `
in vec2 at;
in vec4 ownColor;
uniform sampler2D image;
uniform bool isImage;
out vec4 shown;
void main() {
	vec4 t = texture(image, at);
	shown = isImage ? vec4(t.rgb, 1) * ownColor : vec4(ownColor.rgb, ownColor.a * t.r);
}`
