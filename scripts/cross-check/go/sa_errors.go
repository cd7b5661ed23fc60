package main

var saErrors = map[string]operation{
	"sa.error.okx-node":   explain(nodeProblems, nil),
	"sa.error.okx-python": explain(pythonProblems, &problem{500, "internal-error"}),
	"sa.error.okx-rust":   explain(rustProblems, &problem{402, "verification-failed"}),
}

// A problem is how a seller tells a buyer of a refusal of the SA.
type problem struct {
	status int
	name   string
}

var nodeProblems = map[string]problem{
	"8000":  {402, "verification-failed"},
	"70000": {402, "verification-failed"},
	"70001": {402, "verification-failed"},
	"70002": {402, "verification-failed"},
	"70003": {402, "verification-failed"},
	"70004": {402, "session/invalid-signature"},
	"70005": {402, "invalid-payload"},
	"70006": {402, "invalid-payload"},
	"70007": {402, "verification-failed"},
	"70008": {410, "session/channel-finalized"},
	"70009": {402, "invalid-challenge"},
	"70010": {410, "session/channel-not-found"},
	"70011": {402, "invalid-payload"},
	"70012": {402, "session/amount-exceeds-deposit"},
	"70013": {402, "session/delta-too-small"},
	"70014": {410, "session/channel-finalized"},
}

var pythonProblems = map[string]problem{
	"8000":  {500, "internal-error"},
	"70000": {400, "bad-request"},
	"70001": {500, "internal-error"},
	"70002": {402, "malformed-credential"},
	"70003": {402, "malformed-credential"},
	"70004": {402, "session/invalid-signature"},
	"70005": {400, "invalid-split"},
	"70006": {400, "invalid-split"},
	"70007": {500, "internal-error"},
	"70008": {410, "session/channel-finalized"},
	"70009": {402, "invalid-challenge"},
	"70010": {410, "session/channel-not-found"},
	"70011": {500, "internal-error"},
	"70012": {402, "session/amount-exceeds-deposit"},
	"70013": {402, "session/delta-too-small"},
	"70014": {410, "session/channel-finalized"},
}

var rustProblems = map[string]problem{
	"8000":  {500, "service-error"},
	"70000": {400, "bad-request"},
	"70001": {422, "unsupported-chain"},
	"70002": {403, "payer-blocked"},
	"70003": {402, "malformed-credential"},
	"70004": {402, "session/invalid-signature"},
	"70005": {400, "invalid-split"},
	"70006": {400, "invalid-split"},
	"70007": {402, "tx-not-confirmed"},
	"70008": {410, "session/channel-finalized"},
	"70009": {402, "payment-expired"},
	"70010": {404, "session/channel-not-found"},
	"70011": {400, "session/invalid-escrow-config"},
	"70012": {402, "session/amount-exceeds-deposit"},
	"70013": {402, "session/delta-too-small"},
	"70014": {409, "session/channel-closing"},
}

func explain(problems map[string]problem, other *problem) operation {
	return func(in, _ object) any {
		code := asInteger("code", required(in, "code"))
		explained, known := problems[code.String()]
		switch {
		case code.Sign() == 0:
			refuse("a success")
		case !known && other == nil:
			refuse("the table has no %s", code)
		case !known:
			explained = *other
		}
		return object{
			"status":  explained.status,
			"problem": "https://paymentauth.org/problems/" + explained.name,
		}
	}
}
