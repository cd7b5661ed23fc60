module conform402/targets/mpp-go

go 1.26

require github.com/tempoxyz/mpp-go v0.2.0
