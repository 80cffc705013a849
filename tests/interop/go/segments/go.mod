module status.invalid/interop/segments

go 1.26.0

require (
	github.com/klauspost/reedsolomon v1.12.1
	golang.org/x/crypto v0.53.0
)

require (
	github.com/klauspost/cpuid/v2 v2.2.6 // indirect
	golang.org/x/sys v0.46.0 // indirect
)
