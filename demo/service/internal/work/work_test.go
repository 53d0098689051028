package work

import "testing"

func TestIngestKeepsEverySeries(t *testing.T) {
	series, err := Ingest("acme", 100)
	if err != nil {
		t.Fatal(err)
	}
	if len(series) != 100 || len(series[7].Points) != 64 || series[7].Labels["tenant"] != "acme" {
		t.Errorf("got %d series, the 8th %v", len(series), series[7].Labels)
	}
}

func TestSelectSeries(t *testing.T) {
	series, err := Ingest("acme", 34)
	if err != nil {
		t.Fatal(err)
	}
	// 17 pods, twice; the pattern leaves out pod-0 and pod-1.
	if selected := selectSeries(series); len(selected) != 30 {
		t.Errorf("selected %d of 34, want 30", len(selected))
	}
}
