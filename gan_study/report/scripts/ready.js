// The page can be used from here on: what measures it looks for this mark.
performance.mark("report-ready");
document.documentElement.dataset.ready = "";
