// Package page shows a map in a browser: the finished one inside report.html,
// which needs no other file and no network, and one that grows, served over a
// WebSocket. Both are the same page: HTML, the modules in web/ and three.js,
// which scripts/three.sh puts into three/.
//
// What is shown goes to the browser as a container: a header in JSON and columns
// of numbers (container.go), the mesh with its coordinates rounded to QuantumM.
package page
