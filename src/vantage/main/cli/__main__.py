from vantage.main.cli import main

main()
