"""Work on trained generators and on collections of images: finding, drawing, scoring, diagnosing and exporting them."""
