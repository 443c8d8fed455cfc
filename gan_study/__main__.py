"""`python -m gan_study`."""

from gan_study.cli.main import main

if __name__ == "__main__":
    main()
