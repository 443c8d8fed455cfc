// Mark the page as ready for use. Tests and measurements wait for this mark.
performance.mark("report-ready");
document.documentElement.dataset.ready = "";
